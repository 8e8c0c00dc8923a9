/** Lists topics and describes their partitions, always by asking: what is cached may be out of date. */
import { ERROR_CODES } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import { topicMessage, viewOf, type Cluster } from '../metadata/cluster.ts'
import type { TopicView } from '../metadata/topic-view.ts'
import { retry } from '../network/retry.ts'
import { settleEach, unanswered } from './settle-each.ts'

export interface ListTopicsOptions {
  /** Whether to list the topics that brokers keep for themselves, such as `__consumer_offsets`. */
  readonly includeInternal?: boolean
}

/** All topics, by name. */
export async function listTopics(cluster: Cluster, options: ListTopicsOptions): Promise<TopicView[]> {
  const deadlineMs = cluster.nowMs + cluster.settings.retryTimeoutMs
  const answer = await retry(cluster.settings, cluster.closing, deadlineMs, () => cluster.requestMetadata(null, false))
  const topics = answer.topics.filter(({ errorCode }) => errorCode === ERROR_CODES.NONE).map(viewOf)
  const listed = options.includeInternal ? topics : topics.filter(({ isInternal }) => !isInternal)
  return listed.sort((left, right) => (left.name < right.name ? -1 : 1))
}

/** In the order of the names. Rejects at once when one does not exist. */
export function describeTopics(cluster: Cluster, names: readonly string[]): Promise<TopicView[]> {
  return settleEach(cluster, names, {
    mayRepeat: (error) => error.isRetriable && error.kafkaErrorCode !== ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION,
    exchange: async (open) => {
      const answer = await cluster.requestMetadata(open, false)
      const byName = new Map(answer.topics.map((entry) => [entry.name, entry]))
      return open.map((topic) => {
        const entry = byName.get(topic)
        if (entry === undefined) return unanswered(`topic "${topic}"`)
        if (entry.errorCode === ERROR_CODES.NONE) return viewOf(entry)
        return brokerError(entry.errorCode, { topic }, topicMessage(entry.errorCode, topic))
      })
    },
  })
}
