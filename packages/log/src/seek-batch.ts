/**
 * Finds the batch that holds an offset, within one turn: from the nearest index entry through the few headers that follow it.
 * The bytes are those of the page cache in all but the rarest cases, and a header is all that is looked at.
 */
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  type BatchHeader,
  batchLastOffset,
  batchMagic,
  batchSizeInBytes,
  decodeBatchHeader,
  MAGIC,
} from '@millrace/protocol'
import { LogCorruptError } from './errors.ts'
import type { IndexedBatch } from './offset-index.ts'
import type { Segment } from './segment.ts'
import type { IndexedTimestamp } from './time-index.ts'

export interface FoundBatch {
  readonly position: number
  readonly sizeInBytes: number
  readonly baseOffset: number
  readonly lastOffset: number
}

/** One block for all searches: each is over before the next begins. */
const block = new Uint8Array(4096)

/**
 * The first batch of the segment whose last offset is at least `offset`; null when there is none. Throws a `LogCorruptError`
 * where the segment's bytes make no sense and a `DiskError` where they cannot be read.
 */
export function seekBatch(segment: Segment, offset: number): FoundBatch | null {
  // An entry that does not tell the truth is passed over; the one before it is most likely right.
  for (let indexed = segment.offsetIndex.floorByOffset(offset); indexed !== null; indexed = entryBefore(segment, indexed)) {
    if (indexed.position < 0 || indexed.position >= segment.sizeBytes) continue
    const found = walk(segment, indexed.position, offset, indexed.lastOffset)
    if (found !== 'misled') return found
  }
  return walk(segment, 0, offset, null) as FoundBatch | null
}

/** The header of the batch at that position; null where there is no whole batch of the segment. Throws a `DiskError`. */
export function batchHeaderAt(segment: Segment, position: number): BatchHeader | null {
  if (position < 0 || position + BATCH_HEADER_BYTES > segment.sizeBytes) return null
  const filled = segment.log.use().readSync(block.subarray(0, BATCH_HEADER_BYTES), position)
  if (filled < BATCH_HEADER_BYTES || !isSound(segment, position, 0, segment.baseOffset)) return null
  return decodeBatchHeader(block, 0)
}

/** Whether the batch that holds the offset has that largest timestamp: whether an entry of the time index is true. */
export function isTimeOfBatch(segment: Segment, { offset, timestamp }: IndexedTimestamp): boolean {
  try {
    const batch = seekBatch(segment, offset)
    const header = batch === null ? null : batchHeaderAt(segment, batch.position)
    return header !== null && header.baseOffset <= offset && header.maxTimestamp === timestamp
  } catch (error) {
    // What is damaged there is found, and named, by those who have to read it.
    if (error instanceof LogCorruptError) return false
    throw error
  }
}

function entryBefore(segment: Segment, { lastOffset }: IndexedBatch): IndexedBatch | null {
  const before = segment.offsetIndex.floorByOffset(lastOffset - 1)
  // Entries that do not ascend would send us round and round.
  return before !== null && before.lastOffset < lastOffset ? before : null
}

/** `expectedLastOffset` is what an index says of the first batch; when that is not so the index has misled us. */
function walk(segment: Segment, from: number, offset: number, expectedLastOffset: number | null): FoundBatch | null | 'misled' {
  const file = segment.log.use()
  const { sizeBytes } = segment
  let position = from
  let blockPosition = from
  let filled = 0
  let minOffset = segment.baseOffset
  while (position < sizeBytes) {
    if (position + BATCH_HEADER_BYTES > blockPosition + filled || position < blockPosition) {
      blockPosition = position
      filled = file.readSync(block, position)
    }
    const at = position - blockPosition
    const isWhole = filled >= BATCH_HEADER_BYTES && isSound(segment, position, at, minOffset)
    const lastOffset = batchLastOffset(block, at)
    if (expectedLastOffset !== null && position === from && (!isWhole || lastOffset !== expectedLastOffset)) return 'misled'
    if (!isWhole) throw new LogCorruptError(segment.log.path, position, 'there is no batch where one should begin')
    const found = { position, sizeInBytes: batchSizeInBytes(block, at), baseOffset: batchBaseOffset(block, at), lastOffset }
    const { sizeInBytes } = found
    if (lastOffset >= offset) {
      if (found.baseOffset > minOffset) assertFollowed(segment, found)
      return found
    }
    minOffset = lastOffset + 1
    position += sizeInBytes
  }
  return null
}

/** Offsets are missing before this batch: they were compacted away, or its own is damaged, and then the next one tells. */
function assertFollowed(segment: Segment, { position, sizeInBytes, lastOffset }: FoundBatch): void {
  const next = position + sizeInBytes
  if (next >= segment.sizeBytes) return
  const filled = segment.log.use().readSync(block.subarray(0, BATCH_HEADER_BYTES), next)
  if (filled === BATCH_HEADER_BYTES && isSound(segment, next, 0, lastOffset + 1)) return
  throw new LogCorruptError(segment.log.path, position, `no batch follows the one that ends at offset ${lastOffset}`)
}

/** Whether what lies at `at` of the block, and at `position` of the segment, can be a batch. */
function isSound(segment: Segment, position: number, at: number, minOffset: number): boolean {
  const sizeInBytes = batchSizeInBytes(block, at)
  const baseOffset = batchBaseOffset(block, at)
  return (
    sizeInBytes >= BATCH_HEADER_BYTES &&
    position + sizeInBytes <= segment.sizeBytes &&
    batchMagic(block, at) === MAGIC &&
    baseOffset >= minOffset &&
    batchLastOffset(block, at) >= baseOffset &&
    segment.canHold(batchLastOffset(block, at))
  )
}
