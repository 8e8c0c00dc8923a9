/** Creates topics, or checks whether that would work. */
import { createTopicsApi, ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { askController } from './controller.ts'
import { isPassing, settleEach, unanswered, wasNotCarriedOut } from './settle-each.ts'

export interface NewTopic {
  readonly name: string
  /** The broker's `num.partitions` when absent. */
  readonly partitions?: number
  /** The broker's `default.replication.factor` when absent. */
  readonly replicationFactor?: number
  /** The brokers of each partition, the preferred leader first; instead of `partitions` and `replicationFactor`. */
  readonly assignments?: readonly (readonly number[])[]
  readonly configs?: Readonly<Record<string, string | number | boolean>>
}

export interface CreatedTopic {
  readonly name: string
  /** Null from brokers that know no topic ids, and for a mere check. */
  readonly topicId: string | null
  /** Null from brokers that do not say. */
  readonly partitions: number | null
  readonly replicationFactor: number | null
}

export interface ChangeOptions {
  /** Only checks whether the change would be accepted. */
  readonly validateOnly?: boolean
}

export async function createTopics(cluster: Cluster, topics: readonly NewTopic[], options: ChangeOptions): Promise<CreatedTopic[]> {
  const { requestTimeoutMs } = cluster.settings
  for (const topic of topics) checkTopic(topic)
  const created = await settleEach(cluster, topics, {
    mayRepeat: options.validateOnly ? isPassing : wasNotCarriedOut,
    exchange: async (open, attempt) => {
      const body = { topics: open.map(toWire), timeoutMs: requestTimeoutMs, validateOnly: options.validateOnly ?? false }
      const answer = await askController(cluster, attempt, createTopicsApi, body)
      const byName = new Map(answer.topics.map((entry) => [entry.name, entry]))
      return open.map(({ name }) => {
        const entry = byName.get(name)
        if (entry === undefined) return unanswered(`topic "${name}"`)
        if (entry.errorCode !== ERROR_CODES.NONE) return brokerError(entry.errorCode, { topic: name }, entry.errorMessage)
        const topicId = entry.topicId === ZERO_UUID ? null : entry.topicId
        return { name, topicId, partitions: orNull(entry.numPartitions), replicationFactor: orNull(entry.replicationFactor) }
      })
    },
  })
  // Somebody may have asked for them in vain before.
  for (const { name } of created) cluster.invalidate(name)
  return created
}

function checkTopic({ name, partitions, replicationFactor, assignments }: NewTopic): void {
  if (assignments === undefined || (partitions === undefined && replicationFactor === undefined)) return
  const message = `topic "${name}": give either assignments, or partitions and replicationFactor`
  throw new ClientError(CLIENT_ERROR_CODES.invalidArgument, message, { topic: name })
}

function toWire({ name, partitions, replicationFactor, assignments = [], configs = {} }: NewTopic) {
  return {
    name,
    numPartitions: partitions ?? -1,
    replicationFactor: replicationFactor ?? -1,
    assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value: String(value) })),
  }
}

function orNull(value: number): number | null {
  return value < 0 ? null : value
}
