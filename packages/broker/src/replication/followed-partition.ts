/** A partition that follows a leader elsewhere, as its fetcher sees it. The partition owns its log and what becomes of it. */
import type { ErrorCode } from '@millrace/protocol'
import type { PartitionImage } from '@millrace/metadata'

export interface FollowedPartition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  /** As the metadata has it: who leads, and in which epoch. */
  readonly image: Pick<PartitionImage, 'leader' | 'leaderEpoch'>
  readonly highWatermark: number
  /** From where it wants to be told next; null while it cannot take anything: its log is being opened, cut or flushed. */
  replicaFetchPosition(): ReplicaFetchPosition | null
  /**
   * Takes what the leader answered. `records` is a view that is valid until this returns its promise. Answers that belong to
   * another epoch than the one in force are ignored.
   */
  onReplicaFetched(answer: ReplicaAnswer): Promise<ReplicaOutcome>
}

export interface ReplicaFetchPosition {
  readonly fetchOffset: number
  /** Leader epoch of the last record that is here; -1 when there is none. */
  readonly lastFetchedEpoch: number
  readonly currentLeaderEpoch: number
  readonly logStartOffset: number
  /** What is known here, where the leader is to tell at once when there is a higher one. */
  readonly highWatermark?: number
}

export interface ReplicaAnswer {
  /** The epoch that was asked with. */
  readonly leaderEpoch: number
  readonly errorCode: ErrorCode
  readonly records: Uint8Array | null
  readonly highWatermark: number
  readonly logStartOffset: number
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: number } | null
}

/** `ready`: ask on. `wait`: ask again later. `failed`: not before its role changes. */
export type ReplicaOutcome = 'ready' | 'wait' | 'failed'

/** The partitions of this broker that follow. */
export interface FollowedPartitions {
  followed(): Iterable<FollowedPartition>
  /**
   * Calls the listener with partitions that began or ceased to follow, follow somebody else, or can take something again.
   * Returns what ends it.
   */
  onRolesChanged(listener: (changed: readonly FollowedPartition[]) => void): () => void
}

export function isSamePosition(one: ReplicaFetchPosition, other: ReplicaFetchPosition): boolean {
  return (
    one.fetchOffset === other.fetchOffset &&
    one.lastFetchedEpoch === other.lastFetchedEpoch &&
    one.currentLeaderEpoch === other.currentLeaderEpoch &&
    one.logStartOffset === other.logStartOffset &&
    one.highWatermark === other.highWatermark
  )
}
