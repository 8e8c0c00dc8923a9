/**
 * A group, whatever protocol its members speak. Offsets belong to a group's id and not to the group: an id that has offsets and
 * nothing else is a group of a consumer that manages its partitions itself, which Kafka calls a simple group.
 */
import type { ErrorCode } from '@millrace/protocol'
import type { TopicDescription } from './topics-view.ts'
import type { GroupTurn } from './turn.ts'

export type GroupType = 'classic' | 'consumer'

export interface Group {
  readonly type: GroupType
  readonly groupId: string
  readonly isEmpty: boolean
  /** May offsets be committed as claimed? Called for each request, whatever partitions it names. */
  checkOffsetCommit(claim: CommitClaim): CommitCheck
  /** Offsets were committed by a member. In classic groups that is a sign of life. */
  offsetsCommitted(turn: GroupTurn, memberId: string): void
  checkOffsetFetch(claim: FetchClaim): ErrorCode
  checkOffsetDelete(): ErrorCode
  isSubscribedTo(topic: string): boolean
}

/** Who says to be a member when it commits. Versions that lack a field say "", null and -1. */
export interface CommitClaim {
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** A generation id in classic groups. */
  readonly generationIdOrMemberEpoch: number
  readonly isTransactional: boolean
  readonly apiVersion: number
}

/** An error for the whole request, NONE, or an answer for each partition. */
export type CommitCheck = ErrorCode | ((topic: TopicDescription, partition: number) => ErrorCode)

export interface FetchClaim {
  readonly memberId: string | null
  readonly memberEpoch: number
}
