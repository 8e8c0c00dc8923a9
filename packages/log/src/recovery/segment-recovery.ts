/**
 * Makes a segment's derived state right again by reading its batches: size, largest timestamp, indexes. With `isChecked` every
 * byte that is read is checked too.
 *
 * A crash leaves rubbish at the end; it does not make offsets jump or leader epochs fall in batches that are whole. Where they
 * do, a byte was changed that no crc covers, and that is a `LogCorruptError` wherever it is.
 */
import { batchBaseOffset, batchLastOffset, partitionLeaderEpoch } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import type { DiskFile } from '@millrace/runtime'
import { LogCorruptError } from '../errors.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { newestRecordTime, type Segment } from '../segment.ts'
import type { IndexedTimestamp } from '../time-index.ts'

/** How much is looked at before others get their turn. */
const TURN_BYTES = 8 * 1024 * 1024
/** Read and written again at a time. */
const ANEW_BYTES = 1024 * 1024

export interface SegmentRecoveryOptions {
  /** Batches before this position are taken as they are, with the index entries that name them. */
  readonly from: number
  /** Offset after the last batch before `from`. */
  readonly fromOffset: number
  /** Of the batches before it; absent where none was read. */
  readonly leaderEpoch?: number
  /** The largest timestamp before `from`, where that is known better than by the time index. */
  readonly newest: IndexedTimestamp | null
  readonly isChecked: boolean
  /** The log is one that compaction took records from. */
  readonly mayHaveGaps: boolean
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
    let { leaderEpoch = -1 } = options
    resume(segment, options)
    const check = isChecked ? { crc32c: environment.crc32c } : {}
    const scanner = new BatchScanner({ file, from, to: fileSizeBytes, isWhole: false, minOffset: endOffset, ...check })
    let turnEnd = from + TURN_BYTES
    for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
      const { bytes, at, position } = scanner
      const baseOffset = batchBaseOffset(bytes, at)
      const lastOffset = batchLastOffset(bytes, at)
      if (baseOffset !== endOffset && !options.mayHaveGaps) {
        throw new LogCorruptError(segment.log.path, position, `a batch begins at offset ${baseOffset} where ${endOffset} is next`)
      }
      if (!segment.canHold(lastOffset)) {
        throw new LogCorruptError(segment.log.path, position, `a batch at offset ${baseOffset} cannot be in this segment`)
      }
      const epoch = partitionLeaderEpoch(bytes, at)
      if (epoch < leaderEpoch) {
        throw new LogCorruptError(segment.log.path, position, `a batch of leader epoch ${epoch} comes after one of ${leaderEpoch}`)
      }
      leaderEpoch = epoch
      segment.noteBatch(scanner.sizeInBytes, lastOffset, newestRecordTime(bytes, at), indexIntervalBytes)
      options.onBatch?.(epoch, baseOffset)
      endOffset = lastOffset + 1
      if (scanner.endPosition < turnEnd) continue
      turnEnd = scanner.endPosition + TURN_BYTES
      await new Promise<void>((resolve) => environment.clock.defer(resolve))
    }
    if (isChecked && environment.isWrittenAnew) await writeAnew(file, from, segment.sizeBytes)
    return { endOffset, damage: scanner.damage, fileSizeBytes }
  } finally {
    release()
  }
}

/**
 * Leaves the bytes as they are, and for the next sync to save. So it does with the size, which may be that of a file that was cut:
 * otherwise a cut of the power could bring back what is behind the end, under segments that were begun since.
 */
async function writeAnew(file: DiskFile, from: number, to: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(ANEW_BYTES, to - from))
  for (let position = from; position < to; position += buffer.length) {
    const piece = buffer.subarray(0, to - position)
    await file.read(piece, position)
    await file.write([piece], position)
  }
  const sizeBytes = file.size()
  file.truncate(sizeBytes + 1)
  file.truncate(sizeBytes)
}

/** Puts the segment's state to what it was when its file ended at `from`. */
function resume(segment: Segment, { from, fromOffset, newest, isChecked }: SegmentRecoveryOptions): void {
  segment.timesKnownFrom = isChecked ? from : 0
  segment.sizeBytes = from
  segment.maxTimestamp = -1
  segment.maxTimestampOffset = -1
  segment.offsetIndex.entries.truncate(from === 0 ? 0 : segment.offsetIndex.soundCount(fromOffset, from))
  segment.timeIndex.entries.truncate(from === 0 ? 0 : segment.timeIndex.soundCount(fromOffset, Number.MAX_SAFE_INTEGER))
  segment.noteTimestamp(segment.timeIndex.last())
  segment.noteTimestamp(newest)
  segment.unseal()
}
