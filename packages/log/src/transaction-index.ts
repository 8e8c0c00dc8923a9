/**
 * The aborted transactions of a segment (`.txnindex`): those whose abort marker lies in it. Most segments have none, and no file.
 *
 *     0 i16 version 0 | 2 i64 producerId | 10 i64 firstOffset | 18 i64 lastOffset (of the marker) | 26 i64 lastStableOffset
 *
 * Unlike the other indexes it is synced before the recovery point moves past an entry: a lost entry would show aborted records
 * to readers that asked for committed ones.
 */
import { EntryFile } from './entry-file.ts'
import type { FileSlot } from './file-pool.ts'
import { readInt16, readInt64, writeInt16, writeInt64 } from './integers.ts'

export const TRANSACTION_INDEX_ENTRY_BYTES = 34
const VERSION = 0

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Offset of the abort marker. */
  readonly lastOffset: number
  /** Where the stable part of the log ended once this transaction was over. */
  readonly lastStableOffset: number
}

export class TransactionIndex {
  readonly entries: EntryFile

  private constructor(entries: EntryFile) {
    this.entries = entries
  }

  static create(slot: FileSlot): TransactionIndex {
    return new TransactionIndex(EntryFile.create(slot, TRANSACTION_INDEX_ENTRY_BYTES))
  }

  static onDisk(slot: FileSlot, sizeBytes: number): TransactionIndex {
    return new TransactionIndex(EntryFile.onDisk(slot, TRANSACTION_INDEX_ENTRY_BYTES, sizeBytes))
  }

  append(transaction: AbortedTransaction): void {
    const at = this.entries.push()
    const { bytes } = this.entries
    writeInt16(bytes, at, VERSION)
    writeInt64(bytes, at + 2, transaction.producerId)
    writeInt64(bytes, at + 10, transaction.firstOffset)
    writeInt64(bytes, at + 18, transaction.lastOffset)
    writeInt64(bytes, at + 26, transaction.lastStableOffset)
  }

  /** In the order of their markers. */
  all(): AbortedTransaction[] {
    const all: AbortedTransaction[] = []
    for (let index = 0; index < this.entries.count; index++) all.push(this.#at(index))
    return all
  }

  /** Forgets transactions whose marker is at `offset` or later. */
  truncate(offset: number): void {
    this.entries.truncate(this.all().filter(({ lastOffset }) => lastOffset < offset).length)
  }

  /** Whether the entries are as they have to be for markers between these offsets. */
  isSound(baseOffset: number, endOffset: number): boolean {
    let before = baseOffset - 1
    for (let index = 0; index < this.entries.count; index++) {
      const { producerId, firstOffset, lastOffset, lastStableOffset } = this.#at(index)
      if (readInt16(this.entries.bytes, this.entries.locate(index)) !== VERSION) return false
      if (producerId < 0 || firstOffset < 0 || firstOffset >= lastOffset) return false
      if (lastOffset <= before || lastOffset >= endOffset || lastStableOffset < 0 || lastStableOffset > lastOffset + 1) return false
      before = lastOffset
    }
    return true
  }

  #at(index: number): AbortedTransaction {
    const at = this.entries.locate(index)
    const { bytes } = this.entries
    return {
      producerId: readInt64(bytes, at + 2),
      firstOffset: readInt64(bytes, at + 10),
      lastOffset: readInt64(bytes, at + 18),
      lastStableOffset: readInt64(bytes, at + 26),
    }
  }
}

/** Transactions aborted within `[fromOffset, toOffset)`, in the order of their markers. */
export function abortedWithin(
  segments: Iterable<{ readonly transactionIndex: TransactionIndex }>,
  fromOffset: number,
  toOffset: number,
): AbortedTransaction[] {
  const found: AbortedTransaction[] = []
  for (const { transactionIndex } of segments) {
    if (transactionIndex.entries.count === 0) continue
    for (const transaction of transactionIndex.all()) {
      if (transaction.lastOffset >= fromOffset && transaction.firstOffset < toOffset) found.push(transaction)
      if (transaction.lastStableOffset >= toOffset) return found
    }
  }
  return found
}
