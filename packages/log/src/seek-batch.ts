/**
 * Finds the batch that holds an offset, within one turn: from the nearest index entry through the few headers that follow it.
 * The bytes are those of the page cache in all but the rarest cases, and a header is all that is looked at.
 */
import { BATCH_HEADER_BYTES, batchBaseOffset, batchLastOffset, batchMagic, batchSizeInBytes, MAGIC } from '@millrace/protocol'
import { LogCorruptError } from './errors.ts'
import type { Segment } from './segment.ts'

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
  const indexed = segment.offsetIndex.floorByOffset(offset)
  if (indexed !== null && indexed.position < segment.sizeBytes) {
    const found = walk(segment, indexed.position, offset, indexed.lastOffset)
    if (found !== 'misled') return found
  }
  return walk(segment, 0, offset, null) as FoundBatch | null
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
    const size = batchSizeInBytes(block, at)
    const baseOffset = batchBaseOffset(block, at)
    const lastOffset = batchLastOffset(block, at)
    const isSound =
      filled >= BATCH_HEADER_BYTES &&
      size >= BATCH_HEADER_BYTES &&
      position + size <= sizeBytes &&
      batchMagic(block, at) === MAGIC &&
      baseOffset >= minOffset &&
      lastOffset >= baseOffset
    if (expectedLastOffset !== null && position === from && (!isSound || lastOffset !== expectedLastOffset)) return 'misled'
    if (!isSound) throw new LogCorruptError(segment.log.path, position, 'there is no batch where one should begin')
    if (lastOffset >= offset) return { position, sizeInBytes: size, baseOffset, lastOffset }
    minOffset = lastOffset + 1
    position += size
  }
  return null
}
