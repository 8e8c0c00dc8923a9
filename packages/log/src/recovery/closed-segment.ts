/**
 * A closed segment below the recovery point: its files were synced before that moved past it, so they are whole, unless somebody
 * else had his hands in them or the device forgot. It is not read as a whole to find that out. What its indexes say of their
 * last batches is compared with those, and the few batches after them are walked: that tells a file that was cut, and indexes
 * that are missing, empty, zeros or another file's.
 */
import { LogCorruptError } from '../errors.ts'
import { SEGMENT_SUFFIXES, type SegmentSuffix } from '../file-names.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { OFFSET_INDEX_ENTRY_BYTES } from '../offset-index.ts'
import { batchHeaderAt, isTimeOfBatch } from '../seek-batch.ts'
import type { Segment } from '../segment.ts'
import { TIME_INDEX_ENTRY_BYTES } from '../time-index.ts'
import { walkTail } from './segment-end.ts'
import { recoverSegment } from './segment-recovery.ts'

export interface ClosedSegmentOptions {
  readonly sizes: ReadonlyMap<SegmentSuffix, number>
  /** Where the next segment begins. */
  readonly nextBaseOffset: number
  readonly mayHaveGaps: boolean
  readonly indexIntervalBytes: number
}

export interface FoundSegment {
  /** Offset after its last batch. */
  readonly endOffset: number
  readonly wereIndexesRebuilt: boolean
}

/** Rejects with a `LogCorruptError` when records are missing or damaged. */
export async function openClosedSegment(
  environment: LogEnvironment,
  segment: Segment,
  options: ClosedSegmentOptions,
): Promise<FoundSegment> {
  const endOffset = await inspect(segment, options)
  if (endOffset !== null) {
    segment.noteTimestamp(segment.timeIndex.last())
    return { endOffset, wereIndexesRebuilt: false }
  }
  const { nextBaseOffset, mayHaveGaps, indexIntervalBytes } = options
  const namedOffset = lastNamedOffset(segment, nextBaseOffset)
  environment.logger.warn('the indexes of a segment are missing or damaged; they are made anew', { path: segment.log.path })
  const recovered = await recoverSegment(environment, segment, {
    from: 0,
    fromOffset: segment.baseOffset,
    newest: null,
    isChecked: false,
    mayHaveGaps,
    indexIntervalBytes,
  })
  if (recovered.damage !== null) throw new LogCorruptError(segment.log.path, segment.sizeBytes, recovered.damage)
  if (recovered.endOffset < nextBaseOffset && recovered.endOffset <= namedOffset) {
    const reason = `it ends at offset ${recovered.endOffset}, and its indexes name offset ${namedOffset}`
    throw new LogCorruptError(segment.log.path, segment.sizeBytes, reason)
  }
  segment.seal()
  return { endOffset: recovered.endOffset, wereIndexesRebuilt: true }
}

/** The offset after the last batch, or null when the indexes do not go with the batches. */
async function inspect(segment: Segment, { sizes, mayHaveGaps, nextBaseOffset }: ClosedSegmentOptions): Promise<number | null> {
  const indexBytes = sizes.get(SEGMENT_SUFFIXES.offsetIndex)
  const timeIndexBytes = sizes.get(SEGMENT_SUFFIXES.timeIndex)
  if (indexBytes === undefined || indexBytes % OFFSET_INDEX_ENTRY_BYTES !== 0) return null
  if (timeIndexBytes === undefined || timeIndexBytes % TIME_INDEX_ENTRY_BYTES !== 0) return null
  const indexed = segment.offsetIndex.last()
  const header = indexed === null ? null : batchHeaderAt(segment, indexed.position)
  if (indexed !== null && (indexed.position === 0 || header?.lastOffset !== indexed.lastOffset)) return null
  const tail = await walkTail(segment, indexed?.position ?? 0)
  if (tail.damage !== null) return null
  const newest = segment.timeIndex.last()
  if (tail.maxTimestamp > (newest?.timestamp ?? -1)) return null
  if (newest !== null && !isTimeOfBatch(segment, newest)) return null
  const isEndMissing = tail.endOffset < nextBaseOffset && !mayHaveGaps
  return isEndMissing && (newest?.offset ?? -1) >= tail.endOffset ? null : tail.endOffset
}

/** The last offset that the indexes name and that can be in the segment, -1 for none. */
function lastNamedOffset(segment: Segment, nextBaseOffset: number): number {
  const named = [segment.offsetIndex.last()?.lastOffset ?? -1, segment.timeIndex.last()?.offset ?? -1]
  return Math.max(-1, ...named.filter((offset) => offset >= segment.baseOffset && offset < nextBaseOffset))
}
