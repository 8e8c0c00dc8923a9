/**
 * Walks the record batches of one partition in one Fetch answer, and leaves out what the reader must not see: records
 * before the position (an answer starts with the batch that contains it), control records, and with read_committed the
 * records of aborted transactions.
 *
 * An answer may end in the middle of a batch; that part is ignored. Pure but for the codec and the checksum handed in.
 */
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchCrc,
  batchLastOffset,
  batchMagic,
  batchProducerId,
  batchSizeInBytes,
  checkedBytes,
  type DecodedRecord,
  type Decompress,
  isControl,
  isTransactional,
  MAGIC,
  readMarker,
  readRecords,
} from '@millrace/protocol'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** Bytes that are no record batch. */
export class BrokenBatchError extends Error {
  readonly offset: number

  constructor(offset: number, message: string, options?: { readonly cause: unknown }) {
    super(message, options)
    this.name = 'BrokenBatchError'
    this.offset = offset
  }
}

/**
 * The offset after the last whole batch, or null when not even one is whole. Throws a `BrokenBatchError` on bytes that are
 * no batches.
 */
export function offsetAfterBatches(bytes: Uint8Array): number | null {
  let next: number | null = null
  for (let position = 0; isWholeBatch(bytes, position); position += batchSizeInBytes(bytes, position)) {
    const last = batchLastOffset(bytes, position)
    if (last < (next ?? 0)) throw new BrokenBatchError(last, `record batch at ${last} comes after ${next}`)
    next = last + 1
  }
  return next
}

/** Throws on a size or magic that no batch has; false where the rest of the bytes is cut short. */
function isWholeBatch(bytes: Uint8Array, position: number): boolean {
  if (bytes.length - position < BATCH_HEADER_BYTES) return false
  const size = batchSizeInBytes(bytes, position)
  const offset = batchBaseOffset(bytes, position)
  if (size < BATCH_HEADER_BYTES) throw new BrokenBatchError(offset, `record batch of ${size} bytes`)
  if (batchMagic(bytes, position) !== MAGIC) {
    throw new BrokenBatchError(offset, `record batch in format ${batchMagic(bytes, position)}, which is not supported`)
  }
  return size <= bytes.length - position
}

export interface DecodedBatch {
  readonly records: readonly DecodedRecord[]
  /** The position after the batch, also when all of its records were left out. */
  readonly nextOffset: number
}

export interface FetchedBatchesInput {
  /** Checked by `offsetAfterBatches`. */
  readonly bytes: Uint8Array
  /** Null with read_uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  readonly decompress: Decompress
  readonly crc32c: (bytes: Uint8Array) => number
}

export class FetchedBatches {
  readonly #input: FetchedBatchesInput
  /** By first offset; those at the front of the walk have moved to `#abortedProducers`. */
  readonly #upcomingAborts: AbortedTransaction[]
  /** Producers whose transaction, at the place of the walk, is one that was aborted. */
  readonly #abortedProducers = new Set<number>()
  #position = 0

  constructor(input: FetchedBatchesInput) {
    this.#input = input
    this.#upcomingAborts = [...(input.abortedTransactions ?? [])].sort((left, right) => left.firstOffset - right.firstOffset)
  }

  /** The next batch, or null at the end. Throws a `BrokenBatchError`. */
  next(fromOffset: number): DecodedBatch | null {
    const { bytes, crc32c } = this.#input
    const at = this.#position
    if (!isWholeBatch(bytes, at)) return null
    this.#position += batchSizeInBytes(bytes, at)
    const lastOffset = batchLastOffset(bytes, at)
    const nextOffset = Math.max(fromOffset, lastOffset + 1)
    // Asked for every batch, because markers before the position end transactions too.
    const isHidden = this.#isHidden(at, lastOffset)
    if (lastOffset < fromOffset) return { records: [], nextOffset }
    if (crc32c(checkedBytes(bytes, at)) !== batchCrc(bytes, at)) {
      throw new BrokenBatchError(batchBaseOffset(bytes, at), 'record batch does not match its checksum')
    }
    return { records: isHidden ? [] : this.#read(at, fromOffset), nextOffset }
  }

  #isHidden(at: number, lastOffset: number): boolean {
    const { bytes, abortedTransactions } = this.#input
    if (abortedTransactions === null) return isControl(bytes, at)
    for (let next = this.#upcomingAborts[0]; next !== undefined && next.firstOffset <= lastOffset; next = this.#upcomingAborts[0]) {
      this.#abortedProducers.add(next.producerId)
      this.#upcomingAborts.shift()
    }
    if (isControl(bytes, at)) {
      // The marker ends the transaction; what its producer writes after it belongs to another one.
      if (readMarker(bytes, at)?.type === 'abort') this.#abortedProducers.delete(batchProducerId(bytes, at))
      return true
    }
    return isTransactional(bytes, at) && this.#abortedProducers.has(batchProducerId(bytes, at))
  }

  #read(at: number, fromOffset: number): readonly DecodedRecord[] {
    const { bytes, decompress } = this.#input
    const baseOffset = batchBaseOffset(bytes, at)
    try {
      const records = readRecords(bytes, at, decompress)
      return baseOffset >= fromOffset ? records : records.filter(({ offset }) => offset >= fromOffset)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new BrokenBatchError(baseOffset, `record batch cannot be read: ${reason}`, { cause: error })
    }
  }
}
