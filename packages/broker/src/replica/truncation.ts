/**
 * How much of its log a follower gives up so that it agrees with its leader. It goes by epochs alone: within one epoch one leader
 * decided what every offset holds, so up to where the epoch ended on both sides the logs are the same. To go by the high watermark
 * instead would lose or double records when leaders change fast (KIP-101, KIP-279).
 */
import type { EpochEnd } from './events.ts'
import type { ReplicaSettings } from './state.ts'

export interface TruncationInput {
  /** What the leader knows of the largest epoch that both may have. */
  readonly divergingEpoch: EpochEnd
  readonly ownEnd: EpochEnd | null
  readonly ownEndOffset: number
  readonly ownLogStartOffset: number
}

/** Where the follower's log has to end. Below its own start it has to begin anew, where the leader's log begins. */
export function truncationOffset({ divergingEpoch, ownEnd, ownEndOffset }: TruncationInput): number {
  // Nothing of this log is of that epoch or an earlier one.
  if (ownEnd === null) return Math.min(divergingEpoch.endOffset, ownEndOffset)
  // If this log never had that epoch, what comes after its own last one before it is of epochs that the leader never had.
  return ownEnd.epoch === divergingEpoch.epoch
    ? Math.min(ownEnd.endOffset, divergingEpoch.endOffset)
    : Math.min(ownEnd.endOffset, ownEndOffset)
}

/**
 * What was committed in an `fsync` topic is on the device of every replica in sync: nobody may ask for it to be given up, unless
 * loss was accepted.
 */
export function mayCutBelowHighWatermark({ isFsync, isUncleanAllowed }: ReplicaSettings, isLeaderRecovering: boolean): boolean {
  return !isFsync || isUncleanAllowed || isLeaderRecovering
}
