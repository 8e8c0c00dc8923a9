/** Elects leaders: the preferred ones, or any replica at all where none is left that has everything. */
import { electLeadersApi, ERROR_CODES } from '@millrace/protocol'
import { brokerError, type ClientError } from '../errors.ts'
import { groupByTopic, type PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { retry } from '../network/retry.ts'
import { askController } from './controller.ts'
import { wasNotCarriedOut } from './settle-each.ts'

export interface ElectLeadersOptions {
  /** `unclean` lets a replica lead that may lack committed records, where no other can. `preferred` when absent. */
  readonly type?: 'preferred' | 'unclean'
}

export interface LeaderElection extends PartitionName {
  /** False where the right broker leads already, and where none could be elected. */
  readonly isElected: boolean
  /** Why none could be. */
  readonly error: ClientError | null
}

const TYPES = { preferred: 0, unclean: 1 } as const

/** `all` is answered with the partitions for which there was something to do. */
export async function electLeaders(
  cluster: Cluster,
  partitions: readonly PartitionName[] | 'all',
  { type = 'preferred' }: ElectLeadersOptions,
): Promise<LeaderElection[]> {
  if (partitions !== 'all' && partitions.length === 0) return []
  const { settings } = cluster
  const topicPartitions =
    partitions === 'all'
      ? null
      : groupByTopic(partitions, ({ partition }) => partition).map(({ name, partitions: indexes }) => ({
          topic: name,
          partitions: indexes,
        }))
  const body = { electionType: TYPES[type], topicPartitions, timeoutMs: settings.requestTimeoutMs }
  const deadlineMs = cluster.nowMs + settings.retryTimeoutMs
  const answer = await retry(
    settings,
    cluster.closing,
    deadlineMs,
    async (attempt) => {
      const response = await askController(cluster, attempt, electLeadersApi, body)
      if (response.errorCode !== ERROR_CODES.NONE) throw brokerError(response.errorCode, {})
      return response
    },
    wasNotCarriedOut,
  )
  const elections = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId: partition, errorCode, errorMessage }): LeaderElection => {
      const place = { topic, partition }
      const isElected = errorCode === ERROR_CODES.NONE
      const failed = !isElected && errorCode !== ERROR_CODES.ELECTION_NOT_NEEDED
      return { ...place, isElected, error: failed ? brokerError(errorCode, place, errorMessage) : null }
    }),
  )
  for (const { topic } of elections) cluster.invalidate(topic)
  return elections
}
