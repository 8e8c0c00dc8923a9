/** A whole broker on a disk in memory and a network in the process, with a log whose lines are counted. */
import { startBroker } from '@millrace/broker'
import { startController } from '@millrace/controller'
import { DEFAULT_LOG_DIRECTORY_SETTINGS, openLogDirectory } from '@millrace/log'
import { createMemoryDisk, createNodeRuntime, type Logger } from '@millrace/runtime'
import { FuzzNetwork } from './fuzz-network.ts'
import type { Names } from './hostile-message.ts'

export interface FuzzBroker {
  readonly network: FuzzNetwork
  readonly names: Names
  /** Lines at level error, which say that something broke here and not at the client. */
  readonly errors: string[]
  /** Connections of which the log says that they were closed, each by a line or many by their number. */
  closedReported(): number
  close(): Promise<void>
}

const CAPACITY_BYTES = 256 * 1024 * 1024
const TOPICS = ['t0', 't1', 'compacted']

export async function startFuzzBroker(): Promise<FuzzBroker> {
  const errors: string[] = []
  let closed = 0
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (event, fields) => {
      if (event === 'connection closed') closed += 1
      closed += Number(fields?.['leftOut'] ?? 0)
    },
    error: (event, fields) => void errors.push(`${event} ${describe(fields)}`),
    child: () => logger,
  }
  const network = new FuzzNetwork()
  const runtime = { ...createNodeRuntime({ logger, disk: createMemoryDisk({ capacityBytes: CAPACITY_BYTES }) }), network }
  const logDirectory = await openLogDirectory({ runtime, path: '/fuzz', nodeId: 1, settings: DEFAULT_LOG_DIRECTORY_SETTINGS })
  const staticConfigs = new Map<string, string>()
  const { clusterId } = logDirectory
  const controller = await startController({ runtime, logDirectory, nodeId: 1, clusterId, staticConfigs })
  const broker = await startBroker({
    runtime,
    nodeId: 1,
    clusterId,
    host: '127.0.0.1',
    port: 9092,
    advertised: { host: null, port: null },
    rack: null,
    controller: controller.port,
    feed: controller.feed,
    logDirectory,
    staticConfigs,
  })
  const created = await controller.port.createTopics({
    topics: TOPICS.map((name) => ({
      name,
      partitionCount: 2,
      replicationFactor: 1,
      assignments: [],
      configs: name === 'compacted' ? [{ name: 'cleanup.policy', value: 'compact' }] : [],
    })),
    validateOnly: false,
  })
  return {
    network,
    names: { topics: TOPICS, topicIds: created.flatMap(({ topicId }) => topicId ?? []) },
    errors,
    closedReported: () => closed,
    async close() {
      await broker.close()
      await controller.close()
      await logDirectory.close()
    },
  }
}

function describe(fields: object | undefined): string {
  return JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? (value.stack ?? value.message) : value))
}
