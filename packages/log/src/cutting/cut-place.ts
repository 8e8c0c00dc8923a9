/** Where in its files a log is cut, and what is known of what stays: found out before anything is changed. */
import { batchLastOffset } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import { LogCorruptError } from '../errors.ts'
import { batchHeaderAt, isTimeOfBatch, seekBatch } from '../seek-batch.ts'
import { newestRecordTime, type Segment } from '../segment.ts'
import type { SegmentList } from '../segment-list.ts'
import type { IndexedTimestamp } from '../time-index.ts'

export interface CutPlace {
  readonly segment: Segment
  /** The segment ends there. */
  readonly position: number
  /** The log ends there: after the last batch that stays. */
  readonly endOffset: number
  /** The largest timestamp that stays in the segment. */
  readonly newest: IndexedTimestamp | null
}

/** The place before the first batch that holds `offset` or comes after it. Rejects with a `LogCorruptError` or a `DiskError`. */
export async function findCut(segments: SegmentList, offset: number): Promise<CutPlace> {
  const segment = segments.floor(offset)
  const position = offset <= segment.baseOffset ? 0 : (seekBatch(segment, offset)?.position ?? segment.sizeBytes)
  return { segment, position, ...(await whatStays(segment, position)) }
}

/** From the index as far as it is proved, and from the batches after that. */
async function whatStays(segment: Segment, position: number): Promise<Pick<CutPlace, 'endOffset' | 'newest'>> {
  const { offsetIndex, timeIndex } = segment
  let endOffset = segment.baseOffset
  let newest: IndexedTimestamp | null = null
  let from = 0
  const indexed = position === 0 ? null : offsetIndex.floorByPosition(position - 1)
  const isProved = indexed !== null && batchHeaderAt(segment, indexed.position)?.lastOffset === indexed.lastOffset
  if (isProved && indexed.position >= segment.timesKnownFrom) {
    const known = timeIndex.entryAt(timeIndex.soundCount(indexed.lastOffset + 1, Number.MAX_SAFE_INTEGER) - 1)
    if (known === null || isTimeOfBatch(segment, known)) {
      from = indexed.position
      newest = known
    }
  }
  const { file, release } = segment.log.hold()
  try {
    const scanner = new BatchScanner({ file, from, to: position, isWhole: false, minOffset: segment.baseOffset })
    for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
      const lastOffset = batchLastOffset(scanner.bytes, scanner.at)
      const timestamp = newestRecordTime(scanner.bytes, scanner.at)
      if (timestamp >= 0 && timestamp > (newest?.timestamp ?? -1)) newest = { timestamp, offset: lastOffset }
      endOffset = lastOffset + 1
    }
    if (scanner.damage !== null) throw new LogCorruptError(segment.log.path, scanner.endPosition, scanner.damage)
  } finally {
    release()
  }
  return { endOffset, newest }
}
