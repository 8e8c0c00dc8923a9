/**
 * A group, whatever protocol its members speak. Offsets belong to a group's id and not to the group: an id that has offsets and
 * nothing else is a group of a consumer that assigns partitions to itself, which Kafka calls a simple group.
 */
import type { ErrorCode } from '@millrace/protocol'
import type { CommittedOffset } from '../offsets/offset-store.ts'
import type { GroupApis } from './requests.ts'
import type { TopicDescription } from './topics-view.ts'
import type { GroupTurn } from './turn.ts'

export type GroupType = 'classic' | 'consumer'

export interface Group {
  readonly type: GroupType
  readonly groupId: string
  /** As Kafka prints it. */
  readonly stateName: string
  /** Empty if the group never had a member. */
  readonly protocolType: string

  /** As DescribeGroups tells it; null if that is for another API to tell. */
  describe(): DescribedClassicGroup | null

  /** May offsets be committed as claimed? Asked for each request, whatever partitions it names. */
  checkOffsetCommit(claim: CommitClaim): CommitCheck
  /** Offsets were committed by a member. In classic groups that is a sign of life. */
  offsetsCommitted(turn: GroupTurn, memberId: string): void
  checkOffsetFetch(claim: FetchClaim): ErrorCode
  checkOffsetDelete(): ErrorCode
  /** Somebody reads the topic, so its offsets are neither deleted nor do they expire. */
  isSubscribedTo(topic: string): boolean
  /** From when the retention of an offset counts, or null while none may expire. */
  retentionStart(): RetentionStart | null

  /** May the group be deleted? Only without members. */
  checkDelete(): ErrorCode
  /** Removes the group from `GroupState.groups`, and its records from the log. Its offsets are not its own. */
  delete(turn: GroupTurn): void
}

export type DescribedClassicGroup = Pick<
  GroupApis['DescribeGroups']['response']['groups'][number],
  'groupState' | 'protocolType' | 'protocolData' | 'members'
>

/** Who says to be a member when it commits. Versions that lack a field say "", null and -1. */
export interface CommitClaim {
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** A generation id in classic groups. */
  readonly generationIdOrMemberEpoch: number
  readonly isTransactional: boolean
  readonly apiVersion: number
}

/** An error for the whole request, NONE, or an answer for each partition, of which the first error is that of the request. */
export type CommitCheck = ErrorCode | ((topic: TopicDescription, partition: number) => ErrorCode)

export interface FetchClaim {
  readonly memberId: string | null
  readonly memberEpoch: number
}

/** In milliseconds since the epoch. */
export type RetentionStart = (offset: CommittedOffset) => number
