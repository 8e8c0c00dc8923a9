/** Puts a node together from its parts, as the server does, with the doors of a simulated host. */
import { startBroker } from '@millrace/broker'
import { startController } from '@millrace/controller'
import { DEFAULT_LOG_DIRECTORY_SETTINGS, openLogDirectory } from '@millrace/log'
import type { MetadataFeed } from '@millrace/metadata'
import type { Runtime } from '@millrace/runtime'

export const DATA_DIR = '/data'
export const BROKER_PORT = 9092

export interface NodeOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly address: string
  readonly staticConfigs: ReadonlyMap<string, string>
  readonly snapshotBytes: number
  readonly checkpointIntervalMs: number
}

export interface RunningNode {
  readonly feed: MetadataFeed
  /** Stops in good order. */
  close(): Promise<void>
}

/** Resolves when clients can connect. Rejects with what a process would exit with. */
export async function startNode(runtime: Runtime, options: NodeOptions): Promise<RunningNode> {
  const { nodeId, clusterId, address, staticConfigs, snapshotBytes, checkpointIntervalMs } = options
  const settings = { ...DEFAULT_LOG_DIRECTORY_SETTINGS, checkpointIntervalMs }
  const logDirectory = await openLogDirectory({ runtime, path: DATA_DIR, nodeId, clusterId, settings })
  const controller = await startController({ runtime, logDirectory, nodeId, clusterId, staticConfigs, snapshotBytes })
  const broker = await startBroker({
    runtime,
    nodeId,
    clusterId,
    host: address,
    port: BROKER_PORT,
    advertised: { host: address, port: BROKER_PORT },
    rack: null,
    controller: controller.port,
    feed: controller.feed,
    logDirectory,
    staticConfigs,
  })
  return {
    feed: controller.feed,
    async close() {
      await broker.close()
      await controller.close()
      await logDirectory.close()
    },
  }
}
