/** A broker that is a cluster of its own, or one of several: a node as programs that embed it want it. */
import { configurationFor } from './configuration/load-configuration.ts'
import type { BrokerOptions, Configuration } from './configuration/settings.ts'
import { addressText, type StartOptions, startNode } from './start-node.ts'

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

/**
 * Starts a broker with these settings and the defaults for the rest. Rejects with a `ConfigurationError` for settings that are
 * not allowed, a `NetworkError` when the port cannot be listened on, and a `StorageError` when the data directory is in use,
 * somebody else's, or cannot be written; each says what to do.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  return startConfiguredBroker(configurationFor(options))
}

/** The same for a configuration that was checked already. */
export async function startConfiguredBroker(configuration: Configuration, options: StartOptions = {}): Promise<RunningBroker> {
  const node = await startNode(configuration, options)
  const { nodeId, clusterId, broker, failed } = node
  if (broker === null) {
    await node.close()
    throw new TypeError('a node without the role "broker" is started with startNode()')
  }
  const close = (): Promise<void> => node.close()
  return { ...broker, address: addressText(broker), nodeId, clusterId, failed, close, [Symbol.asyncDispose]: close }
}
