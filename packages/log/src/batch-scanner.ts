/**
 * Walks the batches of a segment file from a position on: for recovery, compaction and searches, where many batches are looked
 * at and the file may not be in the page cache. Reads ahead in large pieces, off the event loop.
 *
 * It believes nothing: a batch whose frame makes no sense ends the walk with a reason, and the caller decides what that means.
 */
import {
  BATCH_HEADER_BYTES,
  batchCrc,
  batchLastOffset,
  batchBaseOffset,
  batchMagic,
  batchSizeInBytes,
  checkedBytes,
  MAGIC,
} from '@millrace/protocol'
import type { DiskFile } from '@millrace/runtime'

const READ_BYTES = 256 * 1024
/** A larger batch gets no memory for itself before its crc proves that it is one. */
const CHECKED_IN_PIECES_FROM_BYTES = 8 * 1024 * 1024
/** The crc covers what comes from here on. */
const CHECKED_FROM = 21

export interface BatchScannerOptions {
  readonly file: DiskFile
  readonly from: number
  /** Nothing at or after this position is looked at. */
  readonly to: number
  /** The whole batch is read, not its header alone. */
  readonly isWhole: boolean
  /** Checks the crc of each batch. Without `isWhole` no batch is held as a whole for that. */
  readonly crc32c?: (bytes: Uint8Array, previous?: number) => number
  /** No batch may begin below this offset. */
  readonly minOffset?: number
}

export class BatchScanner {
  readonly #options: BatchScannerOptions
  /** As large as the largest read so far: many segments are smaller than what is read of a large one. */
  #buffer = new Uint8Array(0)
  /** Position in the file of the buffer's first byte. */
  #bufferPosition: number
  #bufferedBytes = 0
  #next: number
  #minOffset: number

  /** The current batch lies in `bytes` at `at`, until the next call of `next`. */
  at = 0
  /** Where the current batch begins in the file. */
  position: number
  /** Why the walk ended before `to`; null when it did not. */
  damage: string | null = null

  constructor(options: BatchScannerOptions) {
    this.#options = options
    this.#bufferPosition = options.from
    this.#next = options.from
    this.position = options.from
    this.#minOffset = options.minOffset ?? 0
  }

  get bytes(): Uint8Array {
    return this.#buffer
  }

  get sizeInBytes(): number {
    return batchSizeInBytes(this.#buffer, this.at)
  }

  /** Where the sound part of what was walked so far ends. */
  get endPosition(): number {
    return this.#next
  }

  /** Moves to the next batch; false at the end or at damage. A promise only when bytes have to be read. */
  next(): boolean | Promise<boolean> {
    if (this.#next >= this.#options.to) return false
    const wanted = this.#wantedBytes()
    if (wanted === null) return this.#readAndMove(BATCH_HEADER_BYTES)
    if (this.#next + wanted > this.#bufferPosition + this.#bufferedBytes) return this.#readAndMove(wanted)
    return this.#move()
  }

  /** Bytes of the next batch that have to be in the buffer; null while not even its header is. */
  #wantedBytes(): number | null {
    const at = this.#next - this.#bufferPosition
    if (at < 0 || at + BATCH_HEADER_BYTES > this.#bufferedBytes) return null
    const { isWhole, crc32c } = this.#options
    const size = batchSizeInBytes(this.#buffer, at)
    if (!isWhole && (crc32c === undefined || size >= CHECKED_IN_PIECES_FROM_BYTES)) return BATCH_HEADER_BYTES
    const isPlausible = size >= BATCH_HEADER_BYTES && this.#next + size <= this.#options.to
    return isPlausible ? size : BATCH_HEADER_BYTES
  }

  async #readAndMove(wanted: number): Promise<boolean> {
    await this.#read(wanted)
    const whole = this.#wantedBytes()
    if (whole === null) return this.#stop(`${this.#options.to - this.#next} bytes are too few for a batch`)
    if (whole > wanted) await this.#read(whole)
    return this.#move()
  }

  async #read(wanted: number): Promise<void> {
    const available = this.#options.to - this.#next
    const size = Math.min(Math.max(wanted, READ_BYTES), available)
    if (size > this.#buffer.length) this.#buffer = new Uint8Array(size)
    this.#bufferPosition = this.#next
    this.#bufferedBytes = await this.#options.file.read(this.#buffer.subarray(0, size), this.#next)
  }

  #move(): boolean | Promise<boolean> {
    const at = this.#next - this.#bufferPosition
    const bytes = this.#buffer
    const size = batchSizeInBytes(bytes, at)
    const magic = batchMagic(bytes, at)
    if (size < BATCH_HEADER_BYTES) return this.#stop(`a batch of ${size} bytes`)
    if (magic !== MAGIC) return this.#stop(`a batch with magic ${magic}`)
    if (this.#next + size > this.#options.to) return this.#stop(`a batch of ${size} bytes where ${this.#options.to - this.#next} are left`)
    const baseOffset = batchBaseOffset(bytes, at)
    const lastOffset = batchLastOffset(bytes, at)
    if (baseOffset < this.#minOffset || lastOffset < baseOffset) {
      return this.#stop(`a batch with offsets ${baseOffset} to ${lastOffset} where ${this.#minOffset} is the least`)
    }
    const { crc32c, isWhole } = this.#options
    if (crc32c !== undefined) {
      if (at + size > this.#bufferedBytes) {
        if (isWhole || size < CHECKED_IN_PIECES_FROM_BYTES) return this.#stop('the file ends within a batch')
        return this.#checkInPieces(size, crc32c)
      }
      if (crc32c(checkedBytes(bytes, at)) !== batchCrc(bytes, at)) return this.#stopForCrc(baseOffset)
    }
    this.#accept(at, size, lastOffset)
    return true
  }

  #accept(at: number, size: number, lastOffset: number): void {
    this.at = at
    this.position = this.#next
    this.#next += size
    this.#minOffset = lastOffset + 1
  }

  /** A batch says of itself how large it is, and that may be the damage. */
  async #checkInPieces(size: number, crc32c: (bytes: Uint8Array, previous?: number) => number): Promise<boolean> {
    const { file } = this.#options
    const end = this.#next + size
    await this.#read(BATCH_HEADER_BYTES)
    const header = this.#buffer
    const piece = new Uint8Array(READ_BYTES)
    let crc = 0
    for (let position = this.#next + CHECKED_FROM; position < end; ) {
      const filled = await file.read(piece.subarray(0, Math.min(READ_BYTES, end - position)), position)
      if (filled === 0) return this.#stop('the file ends within a batch')
      crc = crc32c(piece.subarray(0, filled), crc)
      position += filled
    }
    if (crc !== batchCrc(header, 0)) return this.#stopForCrc(batchBaseOffset(header, 0))
    this.#accept(0, size, batchLastOffset(header, 0))
    return true
  }

  #stopForCrc(baseOffset: number): false {
    return this.#stop(`the crc of the batch at offset ${baseOffset} is wrong`)
  }

  #stop(damage: string): false {
    this.damage = damage
    return false
  }
}
