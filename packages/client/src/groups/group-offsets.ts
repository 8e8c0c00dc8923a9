/** The offsets that a group has committed, and changing them from outside while nobody is a member. */
import { ERROR_CODES, offsetCommitApi, offsetDeleteApi, offsetFetchApi } from '@millrace/protocol'
import { isPassing, settleEach, unanswered } from '../admin/settle-each.ts'
import { brokerError, type ClientError } from '../errors.ts'
import { groupByTopic, partitionKey, type PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { retry } from '../network/retry.ts'
import { askCoordinator } from './coordinator.ts'

export interface CommittedOffset extends PartitionName {
  /** Of the next record to read. */
  readonly offset: number
  /** Of the last record read; null when the consumer did not say. */
  readonly leaderEpoch: number | null
  /** Whatever the consumer noted. */
  readonly metadata: string
}

export interface NewOffset extends PartitionName {
  readonly offset: number
  readonly metadata?: string
}

/** From this version on a request is about several groups. */
const GROUPS_VERSION = 8
/** The last version that names topics; later ones know them by id alone, which a topic that is gone has no more. */
const NAMES_VERSION = 9
/** Committed by nobody who is a member. */
const NO_MEMBER = { memberId: '', generationIdOrMemberEpoch: -1 }

/** All that the group has committed, by topic and partition. Empty for a group that does not exist. */
export async function groupOffsets(cluster: Cluster, groupId: string): Promise<CommittedOffset[]> {
  const topics = await retry(cluster.settings, cluster.closing, cluster.nowMs + cluster.settings.retryTimeoutMs, async () => {
    const answer = await askCoordinator(
      cluster,
      groupId,
      offsetFetchApi,
      (connection) =>
        connection.versionOf(offsetFetchApi, NAMES_VERSION) < GROUPS_VERSION
          ? { groupId, topics: null }
          : { groups: [{ groupId, topics: null }] },
      { maxVersion: NAMES_VERSION },
    )
    const [group] = answer.groups
    const errorCode = group?.errorCode ?? answer.errorCode
    if (errorCode !== ERROR_CODES.NONE) throw brokerError(errorCode)
    return group?.topics ?? answer.topics
  })
  const offsets: CommittedOffset[] = []
  for (const { name: topic, partitions } of topics) {
    for (const { partitionIndex: partition, errorCode, committedOffset, committedLeaderEpoch, metadata } of partitions) {
      if (errorCode !== ERROR_CODES.NONE) throw brokerError(errorCode, { topic, partition })
      if (committedOffset < 0) continue
      const leaderEpoch = committedLeaderEpoch < 0 ? null : committedLeaderEpoch
      offsets.push({ topic, partition, offset: committedOffset, leaderEpoch, metadata: metadata ?? '' })
    }
  }
  return offsets.sort((left, right) => (left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1))
}

/** Puts a group that has no members to other offsets; with members it is refused, UNKNOWN_MEMBER_ID. */
export async function alterGroupOffsets(cluster: Cluster, groupId: string, offsets: readonly NewOffset[]): Promise<void> {
  await settleEach(cluster, offsets, {
    mayRepeat: isPassing,
    exchange: async (open) => {
      const topics = groupByTopic(open, ({ partition, offset, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedMetadata: metadata ?? '',
      }))
      const answer = await askCoordinator(cluster, groupId, offsetCommitApi, () => ({ groupId, ...NO_MEMBER, topics }), {
        maxVersion: NAMES_VERSION,
      })
      return outcomes(open, answer.topics)
    },
  })
}

/** Forgets what a group has committed for partitions that none of its members subscribes to. */
export async function deleteGroupOffsets(cluster: Cluster, groupId: string, partitions: readonly PartitionName[]): Promise<void> {
  await settleEach(cluster, partitions, {
    mayRepeat: isPassing,
    exchange: async (open) => {
      const topics = groupByTopic(open, ({ partition }) => ({ partitionIndex: partition }))
      const answer = await askCoordinator(cluster, groupId, offsetDeleteApi, () => ({ groupId, topics }))
      if (answer.errorCode !== ERROR_CODES.NONE) throw brokerError(answer.errorCode)
      return outcomes(open, answer.topics)
    },
  })
}

interface TopicAnswer {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}

function outcomes(asked: readonly PartitionName[], topics: readonly TopicAnswer[]): (null | ClientError)[] {
  const codes = new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => [partitionKey({ topic: name, partition: partitionIndex }), errorCode] as const),
    ),
  )
  return asked.map((place) => {
    const errorCode = codes.get(partitionKey(place))
    if (errorCode === undefined) return unanswered(partitionKey(place))
    return errorCode === ERROR_CODES.NONE ? null : brokerError(errorCode, { topic: place.topic, partition: place.partition })
  })
}
