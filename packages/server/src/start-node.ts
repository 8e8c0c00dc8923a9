/**
 * A whole node in this process, composed from one configuration: its log directory, its part in the control of the cluster, and
 * its broker.
 *
 * It resolves when the node does what its roles say: a broker serves clients, a controller talks to the others. Closing it leaves
 * nothing open: no timer, no descriptor, no lock. Several live side by side in one process, each with its own ports and storage.
 */
import { resolve } from 'node:path'
import { type Partition, startBroker } from '@millrace/broker'
import type { Leadership } from '@millrace/controller'
import { openLogDirectory } from '@millrace/log'
import { BrokerConfig, type MetadataFeed } from '@millrace/metadata'
import { createLogger, createMemoryDisk, createNodeRuntime, type Logger, type MemoryDisk, type Runtime } from '@millrace/runtime'
import type { NodeRole } from './configuration/cluster-settings.ts'
import { ConfigurationError } from './configuration/configuration-error.ts'
import type { Configuration } from './configuration/settings.ts'
import { type ControlCarrier, GRPC, openControlPlane } from './control-plane.ts'
import { logDirectorySettings } from './log-settings.ts'
import { Opened } from './opened.ts'

export interface NodeAddress {
  readonly host: string
  readonly port: number
}

export interface RunningNode extends AsyncDisposable {
  readonly nodeId: number
  readonly clusterId: string
  readonly roles: readonly NodeRole[]
  /** Where clients are served; null without the role of a broker. */
  readonly broker: NodeAddress | null
  /** Where other nodes reach the controller of this one; null when it has none, or there are no others. */
  readonly controller: NodeAddress | null
  /** Rejects when the node cannot go on, with the reason; it serves nothing any more and only waits to be closed. */
  readonly failed: Promise<never>
  /** Hands over what it leads, if there is anybody to hand it to, and stops. Idempotent. */
  close(): Promise<void>
}

export interface StartOptions {
  /** Lines at the configured level on standard error when absent. */
  readonly logger?: Logger
  /** Where a node without files keeps its records; a memory of its own when absent. */
  readonly memory?: MemoryDisk
}

/** Where the data of a node without files is, on its own disk. */
export const MEMORY_DATA_DIR = '/millrace'

/**
 * Rejects with a `NetworkError` or a `ControllerListenError` when a port cannot be listened on, a `StorageError` or a
 * `MetadataStorageError` when the data directory is in use, not formatted, somebody else's, damaged, or cannot be written, and a
 * `BrokerFailedError` when the cluster will not have this broker; each says what to do.
 */
export async function startNode(configuration: Configuration, options: StartOptions = {}): Promise<RunningNode> {
  const { storage, controllerQuorumVoters } = configuration
  if (controllerQuorumVoters.length > 0 && storage === 'memory') throw forgetful()
  const logger = options.logger ?? createLogger({ level: configuration.logLevel, destination: 'stderr' })
  const memory = storage === 'memory' ? { disk: options.memory ?? createMemoryDisk() } : {}
  return composeNode(configuration, createNodeRuntime({ logger, ...memory }))
}

/** A node as the rest of this package sees it. */
export interface ComposedNode extends RunningNode {
  readonly feed: MetadataFeed
  /** Who leads the controllers, as the controller of this node knows; null without one. */
  leadership(): Leadership | null
  /** The partitions that its broker has now, for those who watch and change nothing. */
  hosted(): Iterable<Partition>
  /** Of its broker's registration; -1 without a broker. */
  brokerEpoch(): number
  /** For a node whose doors are closed already: lets go of what does not go through them. */
  cut(): Promise<void>
}

export interface ComposeOptions {
  /** gRPC when absent. */
  readonly carrier?: ControlCarrier
  readonly snapshotBytes?: number
  readonly trailingEntries?: number
  /** Between two times that all stored records are read through; the log's default when absent. */
  readonly scrubIntervalMs?: number
}

/** A node of these doors. */
export async function composeNode(
  configuration: Configuration,
  runtime: Runtime,
  { carrier = GRPC, scrubIntervalMs, ...bounds }: ComposeOptions = {},
): Promise<ComposedNode> {
  const { nodeId, roles, storage, controllerQuorumVoters } = configuration
  const { logger } = runtime
  const hasPeers = controllerQuorumVoters.length > 0
  const staticConfigs: ReadonlyMap<string, string> = new Map(Object.entries(configuration.config))
  const failure = Promise.withResolvers<never>()
  // Who does not ask is not told: the log has said it already.
  failure.promise.catch(() => {})
  let reason = null as Error | null
  const onFailed = (error: Error): void => {
    logger.error('the node cannot go on', { error })
    reason ??= error
    failure.reject(error)
  }
  const opened = new Opened()
  try {
    const logDirectory = await openLogDirectory({
      runtime,
      path: storage === 'memory' ? MEMORY_DATA_DIR : resolve(configuration.dataDir),
      nodeId,
      mustBeFormatted: hasPeers && (roles.includes('controller') || configuration.clusterId === null),
      settings: {
        ...logDirectorySettings(new BrokerConfig({ fromFile: staticConfigs })),
        ...(scrubIntervalMs === undefined ? {} : { scrubIntervalMs }),
      },
      ...(configuration.clusterId === null ? {} : { clusterId: configuration.clusterId }),
    })
    opened.add(() => logDirectory.close())
    const { clusterId } = logDirectory
    const control = await openControlPlane({ configuration, runtime, logDirectory, staticConfigs, onFailed, opened, carrier, ...bounds })
    const broker = !roles.includes('broker')
      ? null
      : await startBroker({
          runtime,
          nodeId,
          clusterId,
          host: configuration.host,
          port: configuration.port,
          advertised: { host: configuration.advertisedHost, port: configuration.advertisedPort },
          rack: configuration.rack,
          ...(control.incarnationId === null ? {} : { incarnationId: control.incarnationId }),
          controller: control.port,
          feed: control.feed,
          logDirectory,
          staticConfigs,
          failed: failure.promise,
          onFatal: onFailed,
        })
    if (broker !== null) {
      opened.add(() => broker.close())
      control.onControllerLost(() => broker.controllerLost())
    }
    let closing: Promise<void> | null = null
    const closeOnce = (): Promise<void> => (closing ??= opened.close())
    return {
      nodeId,
      clusterId,
      roles,
      broker: broker?.address ?? null,
      controller: control.address,
      failed: failure.promise,
      feed: control.feed,
      leadership: () => control.leadership(),
      hosted: () => broker?.hosted() ?? [],
      brokerEpoch: () => broker?.brokerEpoch ?? -1,
      cut: () => control.cut(),
      close: closeOnce,
      [Symbol.asyncDispose]: closeOnce,
    }
  } catch (error) {
    await opened.close()
    // What made the broker give up says more than that it did.
    throw reason ?? error
  }
}

/** `host:port`, as clients want it. */
export function addressText({ host, port }: NodeAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function forgetful(): ConfigurationError {
  const message = 'a node of a cluster keeps its data in files: what it voted for and acknowledged must outlive its process'
  return new ConfigurationError([{ place: 'storage', message, hint: 'leave out --memory, or use startCluster() in a test' }])
}
