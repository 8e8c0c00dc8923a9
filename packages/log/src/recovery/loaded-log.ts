/** A log as recovery found it: what a `PartitionLog` begins with. */
import type { FileSlot } from '../file-pool.ts'
import type { LeaderEpochCache } from '../leader-epoch-cache.ts'
import type { ProducerState } from '../producer-state/producer-state.ts'
import type { SegmentList } from '../segment-list.ts'

export interface LoadedLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly directory: string
  readonly segments: SegmentList
  readonly producers: ProducerState
  readonly epochs: LeaderEpochCache
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Up to here the log is known to be on the device, or deleted. */
  readonly durableEndOffset: number
  /** The log is on the device as it is. */
  readonly isAllDurable: boolean
  /** So is what is derived from it, up to its end. */
  readonly isDerivedStored: boolean
  /** Files that were not synced since they were written. */
  readonly unsynced: Iterable<FileSlot>
  readonly isDirectoryUnsynced: boolean
}
