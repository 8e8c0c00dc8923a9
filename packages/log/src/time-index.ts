/**
 * The sparse time index of a segment (`.timeindex`): how far into the segment all records are no younger than a timestamp.
 *
 *     0 i64 largest timestamp up to here | 8 i32 last offset of the batch that holds it - base offset of the segment
 *
 * Both ascend. The last entry of a closed segment holds the segment's largest timestamp, which retention goes by.
 */
import { EntryFile } from './entry-file.ts'
import type { FileSlot } from './file-pool.ts'
import { readInt32, readInt64, writeInt32, writeInt64 } from './integers.ts'

export const TIME_INDEX_ENTRY_BYTES = 12

export interface IndexedTimestamp {
  readonly timestamp: number
  readonly offset: number
}

const timestampAt = (bytes: Uint8Array, at: number): number => readInt64(bytes, at)
const relativeOffsetAt = (bytes: Uint8Array, at: number): number => readInt32(bytes, at + 8)

export class TimeIndex {
  readonly entries: EntryFile
  readonly #baseOffset: number

  private constructor(entries: EntryFile, baseOffset: number) {
    this.entries = entries
    this.#baseOffset = baseOffset
  }

  static create(slot: FileSlot, baseOffset: number): TimeIndex {
    return new TimeIndex(EntryFile.create(slot, TIME_INDEX_ENTRY_BYTES), baseOffset)
  }

  static onDisk(slot: FileSlot, baseOffset: number, sizeBytes: number): TimeIndex {
    return new TimeIndex(EntryFile.onDisk(slot, TIME_INDEX_ENTRY_BYTES, sizeBytes), baseOffset)
  }

  get count(): number {
    return this.entries.count
  }

  /** Adds an entry if it says something new. */
  append(timestamp: number, offset: number): void {
    const last = this.last()
    if (timestamp < 0 || (last !== null && (timestamp <= last.timestamp || offset <= last.offset))) return
    const at = this.entries.push()
    writeInt64(this.entries.bytes, at, timestamp)
    writeInt32(this.entries.bytes, at + 8, offset - this.#baseOffset)
  }

  /** The last entry whose timestamp is below `timestamp`: no record up to its offset has reached that time. */
  lastBefore(timestamp: number): IndexedTimestamp | null {
    return this.entryAt(this.entries.floor(timestamp - 1, timestampAt))
  }

  last(): IndexedTimestamp | null {
    return this.entryAt(this.count - 1)
  }

  /** How many entries from the first on are as they have to be, within these bounds. */
  soundCount(endOffset: number, timestampMax: number): number {
    let timestampBefore = -1
    let offsetBefore = -1
    for (let index = 0; index < this.count; index++) {
      const at = this.entries.locate(index)
      const timestamp = timestampAt(this.entries.bytes, at)
      const offset = relativeOffsetAt(this.entries.bytes, at)
      if (timestamp <= timestampBefore || offset <= offsetBefore) return index
      if (timestamp > timestampMax || offset + this.#baseOffset >= endOffset) return index
      timestampBefore = timestamp
      offsetBefore = offset
    }
    return this.count
  }

  /** Null below the first. */
  entryAt(index: number): IndexedTimestamp | null {
    if (index < 0) return null
    const at = this.entries.locate(index)
    const { bytes } = this.entries
    return { timestamp: timestampAt(bytes, at), offset: relativeOffsetAt(bytes, at) + this.#baseOffset }
  }
}
