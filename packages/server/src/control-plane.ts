/**
 * How this node takes part in the control of its cluster: as one of the controllers, as a broker that follows them, or, alone, as
 * both without a word over the network. Whichever it is, the broker gets one port for its commands and one feed to follow.
 *
 * The gRPC libraries are loaded here and only for a node that has others to talk to; a simulation brings something else to talk by.
 */
import {
  type ControllerConnector,
  type ControllerEndpoint,
  type ControllerServer,
  type ControllerServerOptions,
  type Leadership,
  openControllerServer,
  openGrpcConnector,
  PEER_CONTROL,
  startController,
  toRaftId,
} from '@millrace/controller'
import type { LogDirectory } from '@millrace/log'
import type { ControllerPort, MetadataFeed } from '@millrace/metadata'
import { type Clock, nodeClock, type Runtime } from '@millrace/runtime'
import { controllerListener } from './configuration/cluster-settings.ts'
import type { Configuration } from './configuration/settings.ts'
import { keepRegistered } from './controller-registration.ts'
import type { Opened } from './opened.ts'

/** What carries the talk of nodes about control. */
export interface ControlCarrier {
  openServer(options: ControllerServerOptions): Promise<ControllerServer>
  openConnector(options: { readonly clock: Clock }): Promise<ControllerConnector>
}

export const GRPC: ControlCarrier = { openServer: openControllerServer, openConnector: openGrpcConnector }

export interface ControlPlaneOptions {
  readonly configuration: Configuration
  readonly runtime: Runtime
  readonly logDirectory: LogDirectory
  /** Kafka's broker configs as the operator set them, by name. */
  readonly staticConfigs: ReadonlyMap<string, string>
  /** This node can take no further part. */
  readonly onFailed: (error: Error) => void
  /** What is open, for whoever closes it; also when this rejects. */
  readonly opened: Opened
  readonly carrier: ControlCarrier
  /** Metadata is kept as a snapshot after so many bytes of log; the controller's default when absent. */
  readonly snapshotBytes?: number
  /** Of Raft's log, kept though a snapshot has what they did; the controller's default when absent. */
  readonly trailingEntries?: number
}

export interface ControlPlane {
  /** What the broker of this node registers with, as its controller knows it; null when it has none. */
  readonly incarnationId: string | null
  readonly port: ControllerPort
  readonly feed: MetadataFeed
  /** Where other nodes reach the controller of this one; null when it has none, or there are no others. */
  readonly address: { readonly host: string; readonly port: number } | null
  /** Who leads the controllers, as the controller of this node knows; null without one. */
  leadership(): Leadership | null
  /** Calls the listener when the controller that was spoken to is not heard any more. */
  onControllerLost(listener: () => void): void
  /** Lets go of the connections to other nodes without a word to them, as a crash does. */
  cut(): Promise<void>
}

export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const listener = controllerListener(options.configuration)
  if (listener !== null) return openController(options, listener)
  return options.configuration.roles.includes('controller') ? openAlone(options) : openFollower(options)
}

async function openAlone(options: ControlPlaneOptions): Promise<ControlPlane> {
  const controller = await startController(controllerOptions(options))
  options.opened.add(() => controller.close())
  const { incarnationId, port, feed, quorum } = controller
  return { incarnationId, port, feed, address: null, leadership: () => quorum.leadership, onControllerLost: () => {}, cut: async () => {} }
}

function controllerOptions(options: ControlPlaneOptions): Parameters<typeof startController>[0] {
  const { configuration, runtime, logDirectory, staticConfigs, onFailed, snapshotBytes, trailingEntries } = options
  const { clusterId } = logDirectory
  const bound = { ...(snapshotBytes === undefined ? {} : { snapshotBytes }), ...(trailingEntries === undefined ? {} : { trailingEntries }) }
  return { runtime, logDirectory, nodeId: configuration.nodeId, clusterId, staticConfigs, onOffline: onFailed, ...bound }
}

async function openController(
  options: ControlPlaneOptions,
  listener: { readonly host: string; readonly port: number },
): Promise<ControlPlane> {
  const { configuration, runtime, logDirectory, opened, carrier } = options
  const { nodeId, controllerQuorumVoters: configured } = configuration
  const { clusterId, directoryId } = logDirectory
  const { clock, random, logger, crc32c } = runtime
  const raftId = toRaftId({ nodeId, directoryId })
  const { ControllerClient, LocalControllerService } = await PEER_CONTROL.load()
  // The listener outlives a node that is killed within this process, if only to be closed.
  const server = await carrier.openServer({ runtime: { ...runtime, clock: nodeClock }, ...listener, clusterId, raftId })
  opened.add(() => server.close())
  const connector = await carrier.openConnector({ clock })
  const peers = { transport: server.raftTransport, configured }
  const controller = await startController({ ...controllerOptions(options), peers })
  opened.add(() => controller.close())
  const { feed, quorum } = controller
  const service = new LocalControllerService({
    controller: controller.port,
    feed,
    log: controller.log,
    leadership: () => quorum.leadership,
    endpointOf: (id) => quorum.endpointOf(id),
    onBrokerDisconnected: controller.onBrokerDisconnected,
    onMetadataApplied: controller.onMetadataApplied,
    clock,
    crc32c,
  })
  opened.add(async () => service.close())
  controller.subscribeLeadership((leadership) => service.onLeadership(leadership))
  server.serve(service)
  const lost = new Listeners()
  const common = { nodeId, connector, bootstrap: configured, feed, clock, random, logger, onControllerLost: () => lost.tell() }
  const client = new ControllerClient({ ...common, local: service })
  opened.add(() => client.close())
  const own = configured.find((each) => each.nodeId === nodeId) as ControllerEndpoint
  const registration = keepRegistered({ client, feed, clock, logger, self: { ...own, clusterId, directoryId } })
  opened.add(async () => registration.stop())
  const cut = async (): Promise<void> => {
    registration.stop()
    await client.close('lost')
    await server.close()
  }
  const { incarnationId } = controller
  return {
    incarnationId,
    port: client,
    feed,
    address: { host: listener.host, port: server.port },
    leadership: () => quorum.leadership,
    onControllerLost: (listener) => lost.add(listener),
    cut,
  }
}

async function openFollower({
  configuration,
  runtime,
  logDirectory,
  onFailed,
  opened,
  carrier,
}: ControlPlaneOptions): Promise<ControlPlane> {
  const { nodeId, controllerQuorumVoters: bootstrap } = configuration
  const { clusterId } = logDirectory
  const { clock, random, logger } = runtime
  const { ControllerClient, startMetadataObserver } = await PEER_CONTROL.load()
  const connector = await carrier.openConnector({ clock })
  const observer = await startMetadataObserver({ runtime, logDirectory, nodeId, clusterId, connector, bootstrap, onAlarm: onFailed })
  opened.add(() => observer.close())
  const { feed } = observer
  const lost = new Listeners()
  const common = { nodeId, connector, bootstrap, feed, clock, random, logger, onControllerLost: () => lost.tell() }
  const client = new ControllerClient({ ...common, local: null })
  opened.add(() => client.close())
  const cut = async (): Promise<void> => {
    await client.close('lost')
    await observer.close()
  }
  return {
    incarnationId: null,
    port: client,
    feed,
    address: null,
    leadership: () => null,
    onControllerLost: (listener) => lost.add(listener),
    cut,
  }
}

/** Whoever asks for something later than the one who tells of it is made. */
class Listeners {
  readonly #listeners: (() => void)[] = []

  add(listener: () => void): void {
    this.#listeners.push(listener)
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
