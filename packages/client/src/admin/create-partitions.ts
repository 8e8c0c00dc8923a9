/** Gives topics more partitions. Keys that hash to another partition from then on are the caller's concern. */
import { createPartitionsApi, ERROR_CODES } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { askController } from './controller.ts'
import type { ChangeOptions } from './create-topics.ts'
import { isPassing, settleEach, unanswered, wasNotCarriedOut } from './settle-each.ts'

export interface NewPartitions {
  readonly topic: string
  /** How many the topic is to have in all. */
  readonly count: number
  /** The brokers of each new partition, the preferred leader first; chosen by the cluster when absent. */
  readonly assignments?: readonly (readonly number[])[]
}

export async function createPartitions(cluster: Cluster, requests: readonly NewPartitions[], options: ChangeOptions): Promise<void> {
  const validateOnly = options.validateOnly ?? false
  await settleEach(cluster, requests, {
    mayRepeat: validateOnly ? isPassing : wasNotCarriedOut,
    exchange: async (open, attempt) => {
      const topics = open.map(({ topic, count, assignments }) => ({
        name: topic,
        count,
        assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
      }))
      const body = { topics, timeoutMs: cluster.settings.requestTimeoutMs, validateOnly }
      const answer = await askController(cluster, attempt, createPartitionsApi, body)
      const byName = new Map(answer.results.map((entry) => [entry.name, entry]))
      return open.map(({ topic }) => {
        const entry = byName.get(topic)
        if (entry === undefined) return unanswered(`topic "${topic}"`)
        return entry.errorCode === ERROR_CODES.NONE ? null : brokerError(entry.errorCode, { topic }, entry.errorMessage)
      })
    },
  })
  for (const { topic } of requests) cluster.invalidate(topic)
}
