/**
 * Makes a segment's derived state right again by reading its batches: size, largest timestamp, indexes. With `crc32c` every
 * byte that is read is checked too.
 */
import { batchLastOffset, partitionLeaderEpoch, batchBaseOffset } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { newestRecordTime, type Segment } from '../segment.ts'
import type { IndexedTimestamp } from '../time-index.ts'

/** How much is looked at before others get their turn. */
const TURN_BYTES = 8 * 1024 * 1024

export interface SegmentRecoveryOptions {
  /** Batches before this position are taken as they are, with the index entries that name them. */
  readonly from: number
  /** Offset after the last batch before `from`. */
  readonly fromOffset: number
  /** The largest timestamp before `from`, where that is known better than by the time index. */
  readonly newest: IndexedTimestamp | null
  readonly isChecked: boolean
  readonly indexIntervalBytes: number
  onBatch?(leaderEpoch: number, baseOffset: number): void
}

export interface SegmentRecovery {
  /** Offset after the last sound batch. */
  readonly endOffset: number
  /** Why the segment ends before its file does; null when it does not. */
  readonly damage: string | null
  readonly fileSizeBytes: number
}

/** Leaves the segment ending after its last sound batch; the file is not touched. */
export async function recoverSegment(
  environment: LogEnvironment,
  segment: Segment,
  options: SegmentRecoveryOptions,
): Promise<SegmentRecovery> {
  const { from, isChecked, indexIntervalBytes } = options
  const { file, release } = segment.log.hold()
  try {
    const fileSizeBytes = file.size()
    let endOffset = Math.max(options.fromOffset, segment.baseOffset)
    resume(segment, options)
    const check = isChecked ? { crc32c: environment.crc32c } : {}
    const scanner = new BatchScanner({ file, from, to: fileSizeBytes, isWhole: isChecked, minOffset: endOffset, ...check })
    let turnEnd = from + TURN_BYTES
    for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
      const { bytes, at } = scanner
      const lastOffset = batchLastOffset(bytes, at)
      if (!segment.canHold(lastOffset)) {
        scanner.damage = `the batch at offset ${batchBaseOffset(bytes, at)} is out of the segment's range`
        break
      }
      segment.noteBatch(scanner.sizeInBytes, lastOffset, newestRecordTime(bytes, at), indexIntervalBytes)
      options.onBatch?.(partitionLeaderEpoch(bytes, at), batchBaseOffset(bytes, at))
      endOffset = lastOffset + 1
      if (scanner.endPosition < turnEnd) continue
      turnEnd = scanner.endPosition + TURN_BYTES
      await new Promise<void>((resolve) => environment.clock.defer(resolve))
    }
    return { endOffset, damage: scanner.damage, fileSizeBytes }
  } finally {
    release()
  }
}

/** Puts the segment's state to what it was when its file ended at `from`. */
function resume(segment: Segment, { from, fromOffset, newest }: SegmentRecoveryOptions): void {
  segment.sizeBytes = from
  segment.maxTimestamp = -1
  segment.maxTimestampOffset = -1
  segment.offsetIndex.entries.truncate(from === 0 ? 0 : segment.offsetIndex.soundCount(fromOffset, from))
  segment.timeIndex.entries.truncate(from === 0 ? 0 : segment.timeIndex.soundCount(fromOffset, Number.MAX_SAFE_INTEGER))
  segment.noteTimestamp(segment.timeIndex.last())
  segment.noteTimestamp(newest)
  segment.unseal()
}
