/**
 * Finds what answers a read: a range of one segment that begins with the batch that holds the offset. Nothing is copied here,
 * and nothing is looked at but a few headers; the range may cut its last batch short, as readers of the protocol expect.
 */
import { BATCH_OVERHEAD_BYTES } from '@millrace/protocol'
import type { DiskFile } from '@millrace/runtime'
import { type FoundBatch, seekBatch } from './seek-batch.ts'
import type { Segment } from './segment.ts'
import type { SegmentList } from './segment-list.ts'
import type { LogTail } from './tail-cache.ts'

export interface ReadOptions {
  readonly offset: number
  readonly maxBytes: number
  /** Nothing at or after this offset is returned. A batch begins there, or the log ends. */
  readonly endOffset: number
  /** The first batch is returned whole even if it is larger than `maxBytes`. */
  readonly atLeastOneBatch: boolean
}

export type ReadResult =
  | {
      readonly type: 'region'
      readonly file: DiskFile
      readonly position: number
      readonly sizeBytes: number
      /** At or above the offset after the last record in the range. */
      readonly endsAtOffset: number
      /** The range was written by this process, so it is most likely in the page cache. */
      readonly isHot: boolean
      /** Must be called exactly once, when the file is no longer needed. */
      release(): void
    }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array; readonly sizeBytes: number; readonly endsAtOffset: number }
  | { readonly type: 'empty'; readonly sizeBytes: 0; readonly endsAtOffset: number }

/** Where in the log an offset lies: the first byte of the batch that holds it, or of what will be appended next. */
export interface LogPosition {
  readonly offset: number
  readonly segment: Segment
  readonly position: number
}

/** Positions that readers came to lately; each follows the log with one or two of them. */
const REMEMBERED_POSITIONS = 8

export class LogReader {
  readonly #segments: SegmentList
  readonly #tail: LogTail
  /** Newest last. */
  #remembered: LogPosition[] = []

  constructor(segments: SegmentList, tail: LogTail) {
    this.#segments = segments
    this.#tail = tail
  }

  /** Throws a `LogCorruptError` or a `DiskError`. `end` is where the log ends. */
  read(options: ReadOptions, end: LogPosition, hotFrom: LogPosition): ReadResult {
    const { offset, endOffset } = options
    const nothing: ReadResult = { type: 'empty', sizeBytes: 0, endsAtOffset: offset }
    if (offset >= endOffset) {
      this.#tail.noteReader()
      return nothing
    }
    const start = this.#recall(offset) ?? this.#find(offset)
    if (start === null) return nothing
    const { segment, position } = start
    const segmentEnd = this.#segments.endOffsetOf(segment, end.offset)
    const isBounded = endOffset < segmentEnd
    const limit = isBounded ? this.positionIn(segment, endOffset) : segment.sizeBytes
    const available = limit - position
    if (available <= 0) return nothing
    const sizeBytes = available <= options.maxBytes ? available : this.#limited(start, available, options)
    if (sizeBytes === 0) return nothing
    const endsAtOffset = Math.min(endOffset, segmentEnd)
    if (sizeBytes === available) {
      this.#remember({ offset: endsAtOffset, segment, position: limit })
      if (endsAtOffset === endOffset) this.#tail.noteReader()
    }
    const bytes = this.#tail.read(segment, position, sizeBytes)
    if (bytes !== null) return { type: 'bytes', bytes, sizeBytes, endsAtOffset }
    const { file, release } = segment.log.hold()
    const isHot = segment.baseOffset > hotFrom.segment.baseOffset || (segment === hotFrom.segment && position >= hotFrom.position)
    return { type: 'region', file, position, sizeBytes, endsAtOffset, isHot, release }
  }

  /** Where in the segment the batches below `offset` end. */
  positionIn(segment: Segment, offset: number): number {
    const remembered = this.#remembered.find((known) => known.offset === offset && known.segment === segment)
    return remembered?.position ?? seekBatch(segment, offset)?.position ?? segment.sizeBytes
  }

  /** A place whose offset is known to begin a batch, so that readers who arrive there find it at once. */
  remember(place: LogPosition): void {
    this.#remember(place)
  }

  /** The log was cut, or segments were replaced. */
  forget(): void {
    this.#remembered = []
  }

  #limited({ segment, position }: LogPosition, available: number, { maxBytes, atLeastOneBatch, offset }: ReadOptions): number {
    const room = Math.max(0, maxBytes)
    // Most limits are far above a batch, so the first one's size need not be known.
    const first = room > 0 || atLeastOneBatch ? firstBatchSize(segment, position, offset) : 0
    if (room >= first && first > 0) return Math.min(room, available)
    return atLeastOneBatch ? Math.min(first, available) : 0
  }

  #recall(offset: number): LogPosition | null {
    for (let index = this.#remembered.length - 1; index >= 0; index -= 1) {
      const known = this.#remembered[index] as LogPosition
      if (known.offset !== offset) continue
      if (known.position < known.segment.sizeBytes) return known
      const next = this.#segments.after(known.segment)
      // The segment was rolled at this very place.
      return next === null || next.sizeBytes === 0 || next.baseOffset !== offset ? null : { offset, segment: next, position: 0 }
    }
    return null
  }

  #find(offset: number): LogPosition | null {
    let segment: Segment | null = this.#segments.floor(offset)
    while (segment !== null) {
      const found: FoundBatch | null = seekBatch(segment, offset)
      if (found !== null) return { offset, segment, position: found.position }
      segment = this.#segments.after(segment)
    }
    return null
  }

  #remember(place: LogPosition): void {
    const kept = this.#remembered.filter(({ offset }) => offset !== place.offset)
    kept.push(place)
    if (kept.length > REMEMBERED_POSITIONS) kept.shift()
    this.#remembered = kept
  }
}

const header = new Uint8Array(BATCH_OVERHEAD_BYTES)

function firstBatchSize(segment: Segment, position: number, offset: number): number {
  segment.log.use().readSync(header, position)
  const size = new DataView(header.buffer).getInt32(8) + BATCH_OVERHEAD_BYTES
  // The search has seen this very batch; if its size changed since, the file is damaged and the search says how.
  return size > BATCH_OVERHEAD_BYTES && position + size <= segment.sizeBytes ? size : (seekBatch(segment, offset)?.sizeInBytes ?? 0)
}
