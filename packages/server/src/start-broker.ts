/**
 * A whole broker in this process: log directory, controller and listener, composed from one configuration.
 *
 * It resolves when clients can connect, and closing it leaves nothing open: no timer, no descriptor, no lock. Several live
 * side by side in one process, each with its own port and its own storage.
 */
import { resolve } from 'node:path'
import { startBroker as startBrokerCore } from '@millrace/broker'
import { startController } from '@millrace/controller'
import { openLogDirectory } from '@millrace/log'
import { BrokerConfig } from '@millrace/metadata'
import { createLogger, createMemoryDisk, createNodeRuntime, type Logger, type MemoryDisk } from '@millrace/runtime'
import { configurationFor } from './configuration/load-configuration.ts'
import type { BrokerOptions, Configuration } from './configuration/settings.ts'
import { logDirectorySettings } from './log-settings.ts'

export interface RunningBroker extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `host:port`, as clients want it. */
  readonly address: string
  readonly nodeId: number
  readonly clusterId: string
  /** Rejects when the broker cannot go on, with the reason; it serves nothing any more and only waits to be closed. */
  readonly failed: Promise<never>
  /** Stops gracefully. Idempotent. */
  close(): Promise<void>
}

/** Where the data of a broker without files is, on its own disk. */
const MEMORY_DATA_DIR = '/millrace'

/**
 * Starts a broker with these settings and the defaults for the rest. Rejects with a `ConfigurationError` for settings that are
 * not allowed, a `NetworkError` when the port cannot be listened on, and a `StorageError` when the data directory is in use,
 * somebody else's, or cannot be written; each says what to do.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  return startConfiguredBroker(configurationFor(options))
}

export interface StartOptions {
  /** Lines at the configured level on standard error when absent. */
  readonly logger?: Logger
  /** Where a broker without files keeps its records; a memory of its own when absent. */
  readonly memory?: MemoryDisk
}

/** The same for a configuration that was checked already. */
export async function startConfiguredBroker(configuration: Configuration, options: StartOptions = {}): Promise<RunningBroker> {
  const { nodeId, storage } = configuration
  const logger = options.logger ?? createLogger({ level: configuration.logLevel, destination: 'stderr' })
  const runtime = createNodeRuntime({ logger, ...(storage === 'memory' ? { disk: options.memory ?? createMemoryDisk() } : {}) })
  const staticConfigs: ReadonlyMap<string, string> = new Map(Object.entries(configuration.config))
  const failure = Promise.withResolvers<never>()
  // Who does not ask is not told: the log has said it already.
  failure.promise.catch(() => {})
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (let step = opened.pop(); step !== undefined; step = opened.pop()) await step()
  }
  try {
    const logDirectory = await openLogDirectory({
      runtime,
      path: storage === 'memory' ? MEMORY_DATA_DIR : resolve(configuration.dataDir),
      nodeId,
      settings: logDirectorySettings(new BrokerConfig({ fromFile: staticConfigs })),
      ...(configuration.clusterId === null ? {} : { clusterId: configuration.clusterId }),
    })
    opened.push(() => logDirectory.close())
    const { clusterId } = logDirectory
    const controller = await startController({ runtime, logDirectory, nodeId, clusterId, staticConfigs, onOffline: failure.reject })
    opened.push(() => controller.close())
    const broker = await startBrokerCore({
      runtime,
      nodeId,
      clusterId,
      host: configuration.host,
      port: configuration.port,
      advertised: { host: configuration.advertisedHost, port: configuration.advertisedPort },
      rack: configuration.rack,
      controller: controller.port,
      feed: controller.feed,
      logDirectory,
      staticConfigs,
      onFatal: (error) => {
        logger.error('the broker cannot go on', { error })
        failure.reject(error)
      },
    })
    opened.push(() => broker.close())
    const { host, port } = broker.address
    let closing: Promise<void> | null = null
    const closeOnce = (): Promise<void> => (closing ??= close())
    return {
      host,
      port,
      address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
      nodeId,
      clusterId,
      failed: failure.promise,
      close: closeOnce,
      [Symbol.asyncDispose]: closeOnce,
    }
  } catch (error) {
    await close()
    throw error
  }
}
