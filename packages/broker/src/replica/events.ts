/** What happens to a replica. Times are of the monotonic clock. */
import type { ErrorCode } from '@millrace/protocol'
import type { FollowerFetch } from './follower-progress.ts'
import type { Assignment, EligibleBrokers, IsrChange, ReplicaSettings } from './state.ts'

export type ReplicaEvent =
  | {
      /** The metadata, or a config, may have changed; `endOffset` and `ownOffset` are those of the log. */
      readonly type: 'assigned'
      readonly assignment: Assignment
      readonly settings: ReplicaSettings
      readonly brokers: EligibleBrokers
      readonly endOffset: number
      readonly ownOffset: number
      readonly nowMs: number
    }
  /** The log was appended to, or more of it is durable. */
  | { readonly type: 'log-moved'; readonly endOffset: number; readonly ownOffset: number; readonly nowMs: number }
  /** A follower asked its leader for more, with the right epoch and a log that agrees with the leader's. */
  | { readonly type: 'follower-fetched'; readonly replicaId: number; readonly fetch: FollowerFetch; readonly nowMs: number }
  | { readonly type: 'brokers-changed'; readonly brokers: EligibleBrokers; readonly nowMs: number }
  | { readonly type: 'time-passed'; readonly nowMs: number }
  /** The controller decided about a change of the ISR. */
  | { readonly type: 'isr-answered'; readonly change: IsrChange; readonly answer: IsrAnswer; readonly nowMs: number }
  | LeaderAnswered
  /** What the leader sent is in the log. */
  | {
      readonly type: 'follower-appended'
      readonly askedEpoch: number
      readonly endOffset: number
      readonly logStartOffset: number
      readonly leaderHighWatermark: number
      readonly leaderLogStartOffset: number
    }

export interface IsrAnswer {
  readonly errorCode: ErrorCode
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: readonly number[]
}

/** The leader's answer to a fetch of this follower. */
export interface LeaderAnswered {
  readonly type: 'leader-answered'
  /** The epoch in which it was asked. */
  readonly askedEpoch: number
  readonly errorCode: ErrorCode
  readonly hasRecords: boolean
  /** -1 where the leader does not say. */
  readonly highWatermark: number
  readonly logStartOffset: number
  /** The leader's log does not go on where this one ends: this epoch ended there. */
  readonly divergingEpoch: EpochEnd | null
  /** The largest epoch of this log that is not above that, and where it ends here; null when there is none. */
  readonly ownEnd: EpochEnd | null
  readonly ownLogStartOffset: number
  readonly ownEndOffset: number
}

export interface EpochEnd {
  readonly epoch: number
  readonly endOffset: number
}
