/**
 * The sparse offset index of a segment (`.index`): where in the segment some of its batches lie.
 *
 *     0 i32 last offset of the batch - base offset of the segment | 4 i32 position of the batch's first byte
 *
 * Both ascend. An entry is a hint: who follows it checks that the batch there has that last offset, and has the index rebuilt
 * when not. So no damage of this file can make the log serve wrong bytes.
 */
import { EntryFile } from './entry-file.ts'
import type { FileSlot } from './file-pool.ts'
import { readInt32, writeInt32 } from './integers.ts'

export const OFFSET_INDEX_ENTRY_BYTES = 8

export interface IndexedBatch {
  readonly lastOffset: number
  readonly position: number
}

const relativeOffsetAt = (bytes: Uint8Array, at: number): number => readInt32(bytes, at)
const positionAt = (bytes: Uint8Array, at: number): number => readInt32(bytes, at + 4)

export class OffsetIndex {
  readonly entries: EntryFile
  readonly #baseOffset: number

  private constructor(entries: EntryFile, baseOffset: number) {
    this.entries = entries
    this.#baseOffset = baseOffset
  }

  static create(slot: FileSlot, baseOffset: number): OffsetIndex {
    return new OffsetIndex(EntryFile.create(slot, OFFSET_INDEX_ENTRY_BYTES), baseOffset)
  }

  static onDisk(slot: FileSlot, baseOffset: number, sizeBytes: number): OffsetIndex {
    return new OffsetIndex(EntryFile.onDisk(slot, OFFSET_INDEX_ENTRY_BYTES, sizeBytes), baseOffset)
  }

  get count(): number {
    return this.entries.count
  }

  append(lastOffset: number, position: number): void {
    const at = this.entries.push()
    writeInt32(this.entries.bytes, at, lastOffset - this.#baseOffset)
    writeInt32(this.entries.bytes, at + 4, position)
  }

  /** The last indexed batch whose last offset is at most `offset`; null when there is none. */
  floorByOffset(offset: number): IndexedBatch | null {
    return this.entryAt(this.entries.floor(offset - this.#baseOffset, relativeOffsetAt))
  }

  /** The last indexed batch that begins at or before `position`; null when there is none. */
  floorByPosition(position: number): IndexedBatch | null {
    return this.entryAt(this.entries.floor(position, positionAt))
  }

  last(): IndexedBatch | null {
    return this.entryAt(this.count - 1)
  }

  /**
   * How many entries from the first on are as an index has to be, within these bounds. The rest is what a crash left: zeros,
   * or entries of batches that are gone.
   */
  soundCount(endOffset: number, endPosition: number): number {
    let offsetBefore = -1
    let positionBefore = -1
    for (let index = 0; index < this.count; index++) {
      const at = this.entries.locate(index)
      const offset = relativeOffsetAt(this.entries.bytes, at)
      const position = positionAt(this.entries.bytes, at)
      if (offset <= offsetBefore || position <= positionBefore || position === 0) return index
      if (offset + this.#baseOffset >= endOffset || position >= endPosition) return index
      offsetBefore = offset
      positionBefore = position
    }
    return this.count
  }

  /** Null below the first. */
  entryAt(index: number): IndexedBatch | null {
    if (index < 0) return null
    const at = this.entries.locate(index)
    const { bytes } = this.entries
    return { lastOffset: relativeOffsetAt(bytes, at) + this.#baseOffset, position: positionAt(bytes, at) }
  }
}
