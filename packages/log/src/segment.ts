/**
 * One segment of a log: its file of batches and the indexes derived from it. It knows where batches lie; what they mean to
 * producers and readers is the log's business.
 *
 * Invariant: `sizeBytes` counts whole batches; bytes beyond it are what a failed write left and are never read.
 */
import { batchRecordCount, maxTimestamp, NO_TIMESTAMP } from '@millrace/protocol'
import type { FileSlot } from './file-pool.ts'
import type { OffsetIndex } from './offset-index.ts'
import type { IndexedTimestamp, TimeIndex } from './time-index.ts'
import type { TransactionIndex } from './transaction-index.ts'

/** Index entries are written behind in groups of this many. */
const INDEX_GROUP = 512
/** Index files hold offsets relative to the segment in 32 bits. */
const RELATIVE_OFFSET_MAX = 0x7fff_ffff

export interface SegmentParts {
  readonly baseOffset: number
  readonly log: FileSlot
  readonly offsetIndex: OffsetIndex
  readonly timeIndex: TimeIndex
  readonly transactionIndex: TransactionIndex
  readonly createdMs: number
}

export class Segment {
  readonly baseOffset: number
  readonly log: FileSlot
  readonly offsetIndex: OffsetIndex
  readonly timeIndex: TimeIndex
  readonly transactionIndex: TransactionIndex
  /** When it was created or, of one found on disk, last written. Stands in for timestamps that records do not have. */
  readonly createdMs: number
  sizeBytes = 0
  /** Largest timestamp of a record, -1 for none, and the last offset of the batch that holds it. */
  maxTimestamp = -1
  maxTimestampOffset = -1
  /** Largest timestamp of the first batch; null while it was not looked at. */
  firstTimestamp: number | null = null
  /**
   * From here on in the file the time index knows of all timestamps before an entry. Of what lies before, a crash may have taken entries
   * that the offset index still has.
   */
  timesKnownFrom = 0
  #bytesSinceIndexEntry = 0

  constructor(parts: SegmentParts) {
    this.baseOffset = parts.baseOffset
    this.log = parts.log
    this.offsetIndex = parts.offsetIndex
    this.timeIndex = parts.timeIndex
    this.transactionIndex = parts.transactionIndex
    this.createdMs = parts.createdMs
  }

  /** All its files that exist. */
  get slots(): readonly FileSlot[] {
    const slots = [this.log, this.offsetIndex.entries.slot, this.timeIndex.entries.slot]
    if (this.transactionIndex.entries.count > 0) slots.push(this.transactionIndex.entries.slot)
    return slots
  }

  /** A batch was written, or found, at the end. */
  noteBatch(sizeInBytes: number, lastOffset: number, maxTimestamp: number, indexIntervalBytes: number): void {
    if (this.sizeBytes === 0) this.firstTimestamp = maxTimestamp
    if (maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = maxTimestamp
      this.maxTimestampOffset = lastOffset
    }
    if (this.#bytesSinceIndexEntry > indexIntervalBytes) {
      this.offsetIndex.append(lastOffset, this.sizeBytes)
      this.timeIndex.append(this.maxTimestamp, this.maxTimestampOffset)
      this.#bytesSinceIndexEntry = 0
    }
    this.sizeBytes += sizeInBytes
    this.#bytesSinceIndexEntry += sizeInBytes
  }

  /** A timestamp that is known to be in the segment. */
  noteTimestamp(newest: IndexedTimestamp | null): void {
    if (newest === null || newest.timestamp <= this.maxTimestamp) return
    this.maxTimestamp = newest.timestamp
    this.maxTimestampOffset = newest.offset
  }

  canHold(lastOffset: number): boolean {
    return lastOffset - this.baseOffset <= RELATIVE_OFFSET_MAX
  }

  isIndexFull(indexBytesMax: number): boolean {
    const { offsetIndex, timeIndex } = this
    return (offsetIndex.count + 1) * 8 > indexBytesMax || (timeIndex.count + 1) * 12 > indexBytesMax
  }

  /** Time by which age and retention go. */
  get lastTimestamp(): number {
    return this.maxTimestamp >= 0 ? this.maxTimestamp : this.createdMs
  }

  /** Writes index entries behind, once there are enough of them. Throws a `DiskError`; the entries stay for the next time. */
  writeIndexesBehind(): void {
    if (this.offsetIndex.entries.unwrittenCount >= INDEX_GROUP) this.writeIndexes()
  }

  writeIndexes(): void {
    this.offsetIndex.entries.write()
    this.timeIndex.entries.write()
    if (this.transactionIndex.entries.count > 0) this.transactionIndex.entries.write()
  }

  /** No more is appended: the indexes become final and leave memory. Throws a `DiskError`; may be called again after one. */
  seal(): void {
    this.timeIndex.append(this.maxTimestamp, this.maxTimestampOffset)
    this.writeIndexes()
    this.offsetIndex.entries.unload()
    this.timeIndex.entries.unload()
    this.transactionIndex.entries.unload()
  }

  /** Its indexes are read into memory, to be appended to again. */
  unseal(): void {
    this.offsetIndex.entries.load()
    this.timeIndex.entries.load()
    this.transactionIndex.entries.load()
    this.#bytesSinceIndexEntry = this.sizeBytes - (this.offsetIndex.last()?.position ?? 0)
  }

  /**
   * It ends at `position`, before the first batch that ends at `endOffset` or later, and is appended to again. The file of batches
   * is left as it is; those of the indexes are cut. Throws a `DiskError`.
   */
  cutTo(position: number, endOffset: number, newest: IndexedTimestamp | null): void {
    this.sizeBytes = position
    this.maxTimestamp = newest?.timestamp ?? -1
    this.maxTimestampOffset = newest?.offset ?? -1
    if (position === 0) this.firstTimestamp = null
    this.timesKnownFrom = Math.min(this.timesKnownFrom, position)
    this.offsetIndex.entries.truncate(this.offsetIndex.soundCount(endOffset, position))
    this.timeIndex.entries.truncate(this.timeIndex.soundCount(endOffset, this.maxTimestamp))
    this.transactionIndex.truncate(endOffset)
    this.unseal()
  }

  close(): void {
    for (const slot of this.slots) slot.close()
  }
}

/** Largest timestamp of the batch's records: -1 when compaction emptied it, though its header still has the time of what is gone. */
export function newestRecordTime(bytes: Uint8Array, at: number): number {
  return batchRecordCount(bytes, at) === 0 ? NO_TIMESTAMP : maxTimestamp(bytes, at)
}
