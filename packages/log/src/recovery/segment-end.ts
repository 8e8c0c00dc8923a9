/** What can be found out about the end of a segment without reading the whole of it. */
import { batchLastOffset } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import type { IndexedBatch } from '../offset-index.ts'
import { batchHeaderAt } from '../seek-batch.ts'
import { newestRecordTime, type Segment } from '../segment.ts'

export interface SegmentTail {
  /** Offset after the last batch. */
  readonly endOffset: number
  /** Largest of the batches that were walked, -1 for none. */
  readonly maxTimestamp: number
  /** Why the walk ended before the file did; null when it did not. */
  readonly damage: string | null
}

/** Walks the batches from a place on where one begins. */
export async function walkTail(segment: Segment, from: number): Promise<SegmentTail> {
  const { file, release } = segment.log.hold()
  try {
    const scanner = new BatchScanner({ file, from, to: segment.sizeBytes, isWhole: false, minOffset: segment.baseOffset })
    let endOffset = segment.baseOffset
    let maxTimestamp = -1
    for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
      endOffset = batchLastOffset(scanner.bytes, scanner.at) + 1
      maxTimestamp = Math.max(maxTimestamp, newestRecordTime(scanner.bytes, scanner.at))
    }
    return { endOffset, maxTimestamp, damage: scanner.damage }
  } finally {
    release()
  }
}

export interface FoundEntry extends IndexedBatch {
  readonly baseOffset: number
}

/** The last batch that a sound part of the index names, within these bounds; null when there is none, or it is not there. */
export function lastIndexedBatch(segment: Segment, endOffset: number, endPosition: number): FoundEntry | null {
  const { offsetIndex } = segment
  const indexed = offsetIndex.entryAt(offsetIndex.soundCount(endOffset, endPosition) - 1)
  const header = indexed === null ? null : batchHeaderAt(segment, indexed.position)
  return indexed !== null && header?.lastOffset === indexed.lastOffset ? { ...indexed, baseOffset: header.baseOffset } : null
}
