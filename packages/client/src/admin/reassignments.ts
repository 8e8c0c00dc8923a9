/** Moves partitions to other brokers, takes moves back, and tells which are going on. */
import { alterPartitionReassignmentsApi, ERROR_CODES, listPartitionReassignmentsApi } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import { groupByTopic, type PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { retry } from '../network/retry.ts'
import { askController } from './controller.ts'
import { isPassing, settleEach, unanswered } from './settle-each.ts'

export interface Reassignment extends PartitionName {
  /** The brokers that shall have it, the preferred leader first. Null takes back a move that is going on. */
  readonly replicas: readonly number[] | null
}

export interface OngoingReassignment extends PartitionName {
  /** All that have it now, those that come and those that go among them. */
  readonly replicas: readonly number[]
  readonly adding: readonly number[]
  readonly removing: readonly number[]
}

/** Resolves when the moves have begun. They are over when `listReassignments` does not name them any more. */
export async function alterReassignments(cluster: Cluster, reassignments: readonly Reassignment[]): Promise<void> {
  await settleEach(cluster, reassignments, {
    // Asking for the same move twice is as good as once; taking back what was taken back says so.
    mayRepeat: isPassing,
    exchange: async (open, attempt) => {
      const topics = groupByTopic(open, ({ partition, replicas }) => ({ partitionIndex: partition, replicas }))
      const answer = await askController(cluster, attempt, alterPartitionReassignmentsApi, {
        timeoutMs: cluster.settings.requestTimeoutMs,
        topics,
      })
      if (answer.errorCode !== ERROR_CODES.NONE) throw brokerError(answer.errorCode, {}, answer.errorMessage)
      const byPlace = new Map(
        answer.responses.flatMap(({ name, partitions }) => partitions.map((entry) => [`${name} ${entry.partitionIndex}`, entry] as const)),
      )
      return open.map(({ topic, partition }) => {
        const entry = byPlace.get(`${topic} ${partition}`)
        if (entry === undefined) return unanswered(`partition ${partition} of "${topic}"`)
        return entry.errorCode === ERROR_CODES.NONE ? null : brokerError(entry.errorCode, { topic, partition }, entry.errorMessage)
      })
    },
  })
  for (const { topic } of reassignments) cluster.invalidate(topic)
}

export function listReassignments(cluster: Cluster): Promise<OngoingReassignment[]> {
  const { settings } = cluster
  return retry(settings, cluster.closing, cluster.nowMs + settings.retryTimeoutMs, async (attempt) => {
    const body = { timeoutMs: settings.requestTimeoutMs, topics: null }
    const { errorCode, errorMessage, topics } = await askController(cluster, attempt, listPartitionReassignmentsApi, body)
    if (errorCode !== ERROR_CODES.NONE) throw brokerError(errorCode, {}, errorMessage)
    return topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
        topic: name,
        partition: partitionIndex,
        replicas,
        adding: addingReplicas,
        removing: removingReplicas,
      })),
    )
  })
}
