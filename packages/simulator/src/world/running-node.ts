/** Puts a node together from its parts, as the server does, with the doors of a simulated host. */
import { type Broker, startBroker } from '@millrace/broker'
import { formatMetadataDirectory, type Leadership, startController, toRaftId } from '@millrace/controller'
import { DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectory, openLogDirectory } from '@millrace/log'
import type { ControllerPort, MetadataFeed } from '@millrace/metadata'
import type { Runtime } from '@millrace/runtime'
import { ControllerClient, LocalControllerService } from '@millrace/controller'
import type { ControlEnd, ControlNetwork } from '../control/control-network.ts'

export const DATA_DIR = '/data'
export const BROKER_PORT = 9092
export const CONTROLLER_PORT = 9093

/** A controller of the first hour. */
export interface Voter {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly directoryId: string
}

export interface NodeOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly address: string
  readonly staticConfigs: ReadonlyMap<string, string>
  readonly snapshotBytes: number
  readonly checkpointIntervalMs: number
  /** Empty for a node that is a cluster of its own. */
  readonly voters: readonly Voter[]
}

export interface RunningNode {
  readonly feed: MetadataFeed
  readonly broker: Broker
  leadership(): Leadership
  /** Stops in good order. */
  close(): Promise<void>
}

/** What somebody does once with the disk of a node that is to be one of several. */
export async function formatNode(runtime: Runtime, { nodeId, clusterId, voters }: NodeOptions): Promise<void> {
  const own = voters.find((voter) => voter.nodeId === nodeId)
  const settings = DEFAULT_LOG_DIRECTORY_SETTINGS
  const identity = own === undefined ? {} : { directoryId: own.directoryId }
  const logDirectory = await openLogDirectory({ runtime, path: DATA_DIR, nodeId, clusterId, settings, ...identity })
  if (own !== undefined) await formatMetadataDirectory({ runtime, logDirectory, nodeId, clusterId, voters })
  await logDirectory.close()
}

/** Resolves when clients can connect. Rejects with what a process would exit with, which `onFailed` hears of later. */
export async function startNode(
  end: ControlEnd,
  network: ControlNetwork,
  options: NodeOptions,
  onFailed: (error: Error) => void,
): Promise<RunningNode> {
  const { nodeId, clusterId, address, staticConfigs, checkpointIntervalMs, voters } = options
  const { runtime } = end
  const settings = { ...DEFAULT_LOG_DIRECTORY_SETTINGS, checkpointIntervalMs }
  const mustBeFormatted = voters.length > 0
  const logDirectory = await openLogDirectory({ runtime, path: DATA_DIR, nodeId, clusterId, settings, mustBeFormatted })
  const control =
    voters.length === 0
      ? await controlAlone(runtime, logDirectory, options, onFailed)
      : await controlTogether(end, network, logDirectory, options, onFailed)
  const broker = await startBroker({
    runtime,
    nodeId,
    clusterId,
    host: address,
    port: BROKER_PORT,
    advertised: { host: address, port: BROKER_PORT },
    rack: null,
    controller: control.port,
    feed: control.feed,
    logDirectory,
    staticConfigs,
    onFatal: onFailed,
  })
  return {
    feed: control.feed,
    broker,
    leadership: control.leadership,
    async close() {
      await broker.close()
      await control.close()
      await logDirectory.close()
    },
  }
}

interface Control {
  readonly port: ControllerPort
  readonly feed: MetadataFeed
  leadership(): Leadership
  close(): Promise<void>
}

async function controlAlone(
  runtime: Runtime,
  logDirectory: LogDirectory,
  { nodeId, clusterId, staticConfigs, snapshotBytes }: NodeOptions,
  onOffline: (error: Error) => void,
): Promise<Control> {
  const controller = await startController({ runtime, logDirectory, nodeId, clusterId, staticConfigs, snapshotBytes, onOffline })
  const { port, feed, quorum } = controller
  return { port, feed, leadership: () => quorum.leadership, close: () => controller.close() }
}

async function controlTogether(
  end: ControlEnd,
  network: ControlNetwork,
  logDirectory: LogDirectory,
  { nodeId, clusterId, staticConfigs, snapshotBytes, voters }: NodeOptions,
  onOffline: (error: Error) => void,
): Promise<Control> {
  const { runtime } = end
  const { clock, random, logger, crc32c } = runtime
  const { directoryId } = logDirectory
  const server = await network.openServer(end, { port: CONTROLLER_PORT, raftId: toRaftId({ nodeId, directoryId }) })
  const connector = network.connector(end)
  const peers = { transport: server.raftTransport, configured: voters }
  const controller = await startController({ runtime, logDirectory, nodeId, clusterId, staticConfigs, peers, snapshotBytes, onOffline })
  const { feed, quorum, log } = controller
  const service = new LocalControllerService({
    controller: controller.port,
    feed,
    log,
    leadership: () => quorum.leadership,
    endpointOf: (id) => quorum.endpointOf(id),
    onBrokerDisconnected: () => undefined,
    clock,
    crc32c,
  })
  controller.subscribeLeadership((leadership) => service.onLeadership(leadership))
  server.serve(service)
  const client = new ControllerClient({ nodeId, local: service, connector, bootstrap: voters, feed, clock, random, logger })
  return {
    port: client,
    feed,
    leadership: () => quorum.leadership,
    async close() {
      await client.close()
      service.close()
      await controller.close()
      await server.close()
    },
  }
}
