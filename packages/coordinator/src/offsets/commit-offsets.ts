/** OffsetCommit and TxnOffsetCommit, once each has said who commits: which of the partitions are taken, and their records. */
import { ERROR_CODES, type ErrorCode, ZERO_UUID } from '@millrace/protocol'
import type { CommitCheck } from '../group/group.ts'
import type { TopicDescription } from '../group/topics-view.ts'
import type { GroupTurn } from '../group/turn.ts'
import type { TransactionalOrigin } from '../machine.ts'
import type { TypedRecord } from '../records/record-format.ts'
import type { offsetCommitRecord } from '../records/offset-commit-record.ts'

export interface OffsetsToCommit {
  readonly groupId: string
  readonly topics: readonly TopicToCommit[]
  /** Topics are named by their ids. */
  readonly usesTopicIds: boolean
  /** When the offsets expire whatever the group does; -1 by the rules of the group. */
  readonly expireTimestamp: number
  readonly transaction: TransactionalOrigin | null
  /** Asked when there is anything to commit. */
  check(): CommitCheck
}

interface TopicToCommit {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly PartitionToCommit[]
}

interface PartitionToCommit {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

interface CommittedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: ErrorCode }[]
}

type OffsetCommitRecord = TypedRecord<typeof offsetCommitRecord>

interface Commit {
  readonly topic: TopicDescription
  readonly record: OffsetCommitRecord
}

/** All partitions that exist are committed or none is; those that do not exist, or state too much metadata, are left out. */
export function commitOffsets(
  turn: GroupTurn,
  commit: OffsetsToCommit,
): { readonly topics: readonly CommittedTopic[]; readonly count: number } {
  const { topics, usesTopicIds } = commit
  const commits: Commit[] = []
  const results = topics.map((topic) => {
    const { name, topicId, partitions } = topic
    const known = usesTopicIds ? turn.topics.byId(topicId) : turn.topics.byName(name)
    const errorCodes = partitions.map((partition) => {
      if (known === undefined && usesTopicIds) return ERROR_CODES.UNKNOWN_TOPIC_ID
      if (known === undefined || !hasPartition(known, partition.partitionIndex)) return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
      if ((partition.committedMetadata?.length ?? 0) > turn.settings.offsetMetadataMaxBytes) return ERROR_CODES.OFFSET_METADATA_TOO_LARGE
      commits.push({ topic: known, record: toRecord(turn, commit, known, partition) })
      return ERROR_CODES.NONE
    })
    return { topic, errorCodes }
  })
  const refusal = commits.length === 0 ? ERROR_CODES.NONE : checkCommits(turn, commit.check(), commits)
  if (refusal === ERROR_CODES.NONE) for (const { record } of commits) turn.append(record, commit.transaction)
  return {
    count: refusal === ERROR_CODES.NONE ? commits.length : 0,
    topics: results.map(({ topic: { name, topicId, partitions }, errorCodes }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }, index) => {
        const errorCode = errorCodes[index] as ErrorCode
        return { partitionIndex, errorCode: errorCode === ERROR_CODES.NONE ? refusal : errorCode }
      }),
    })),
  }
}

function hasPartition({ partitionCount }: TopicDescription, partition: number): boolean {
  return partition >= 0 && partition < partitionCount
}

function checkCommits(turn: GroupTurn, check: CommitCheck, commits: readonly Commit[]): ErrorCode {
  if (typeof check === 'number') {
    if (check !== ERROR_CODES.NONE) return check
  } else {
    for (const { topic, record } of commits) {
      const errorCode = check(topic, record.key.partition)
      if (errorCode !== ERROR_CODES.NONE) return errorCode
    }
  }
  return turn.fits(commits.map(({ record }) => record)) ? ERROR_CODES.NONE : ERROR_CODES.INVALID_COMMIT_OFFSET_SIZE
}

function toRecord(
  turn: GroupTurn,
  { groupId, expireTimestamp }: OffsetsToCommit,
  topic: TopicDescription,
  { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }: PartitionToCommit,
): OffsetCommitRecord {
  // The version of the record that has an expiry has neither leader epoch nor topic id.
  const isExpiring = expireTimestamp !== -1
  return {
    type: 'offset-commit',
    key: { group: groupId, topic: topic.name, partition: partitionIndex },
    value: {
      offset: committedOffset,
      leaderEpoch: isExpiring ? -1 : committedLeaderEpoch,
      metadata: committedMetadata ?? '',
      commitTimestamp: turn.nowMs,
      expireTimestamp,
      topicId: isExpiring ? ZERO_UUID : topic.id,
    },
  }
}
