/**
 * A file of fixed-size entries in ascending order: what the offset index, the time index and the transaction index have in
 * common.
 *
 * The file of an active segment is kept in memory, byte for byte as on disk, and written behind in groups: it is derived from
 * the segment, so nothing is lost with it. The file of a closed segment stays on disk; a search reads a few pages of it.
 */
import { type Disk, invariant } from '@millrace/runtime'
import type { FileSlot } from './file-pool.ts'

const PAGE_BYTES = 4096
const FIRST_ENTRIES = 8

/** One page for all searches: each is over before the next begins, since nothing in it waits. */
const page = new Uint8Array(PAGE_BYTES)
/** Counts what was read into the page: it is of use to him alone who read last. */
let pageReads = 0

export class EntryFile {
  readonly slot: FileSlot
  readonly entryBytes: number
  /** The entries of an active segment; null when they are on disk only. */
  #memory: Uint8Array | null
  #count: number
  /** Invariant: entries before this one are in the file. `#writtenCount <= #count`, and equal without memory. */
  #writtenCount: number
  /** First entry in `page`, while it is ours. */
  #pageFirst = -1
  #pageCount = 0
  #pageRead = -1

  private constructor(slot: FileSlot, entryBytes: number, memory: Uint8Array | null, count: number, writtenCount: number) {
    this.slot = slot
    this.entryBytes = entryBytes
    this.#memory = memory
    this.#count = count
    this.#writtenCount = writtenCount
  }

  /** An empty one, in memory. What a file of that name may hold is overwritten. */
  static create(slot: FileSlot, entryBytes: number): EntryFile {
    return new EntryFile(slot, entryBytes, new Uint8Array(entryBytes * FIRST_ENTRIES), 0, 0)
  }

  /** One on disk. A part of an entry at the end is ignored. */
  static onDisk(slot: FileSlot, entryBytes: number, sizeBytes: number): EntryFile {
    const count = Math.floor(sizeBytes / entryBytes)
    return new EntryFile(slot, entryBytes, null, count, count)
  }

  get count(): number {
    return this.#count
  }

  get isInMemory(): boolean {
    return this.#memory !== null
  }

  get unwrittenCount(): number {
    return this.#count - this.#writtenCount
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#memory?.length ?? 0
  }

  /** Reads the file into memory, to append to it. */
  load(): void {
    if (this.#memory !== null) return
    const memory = new Uint8Array(Math.max(this.#count, FIRST_ENTRIES) * this.entryBytes)
    const filled = this.#count === 0 ? 0 : this.slot.use().readSync(memory.subarray(0, this.#count * this.entryBytes), 0)
    this.#count = Math.floor(filled / this.entryBytes)
    this.#writtenCount = this.#count
    this.#memory = memory
  }

  /** Where the bytes of an entry lie: `bytes` and the position returned are good until the next call. */
  locate(index: number): number {
    invariant(index >= 0 && index < this.#count, 'entry exists')
    if (this.#memory !== null) return index * this.entryBytes
    if (this.#pageRead !== pageReads || index < this.#pageFirst || index >= this.#pageFirst + this.#pageCount) this.#readPage(index)
    return (index - this.#pageFirst) * this.entryBytes
  }

  get bytes(): Uint8Array {
    return this.#memory ?? page
  }

  /** The last entry whose key is at most `target`, or -1. `keyAt` reads the key of the entry at a position of `bytes`. */
  floor(target: number, keyAt: (bytes: Uint8Array, at: number) => number): number {
    let low = 0
    let high = this.#count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const at = this.locate(middle)
      if (keyAt(this.bytes, at) <= target) low = middle + 1
      else high = middle - 1
    }
    return high
  }

  /** Room for one more entry at the end, counted at once: the caller fills it. Returns its position in `bytes`. */
  push(): number {
    let memory = this.#memory
    invariant(memory !== null, 'entries are appended in memory')
    const at = this.#count * this.entryBytes
    if (at + this.entryBytes > memory.length) {
      const larger = new Uint8Array(memory.length * 2)
      larger.set(memory)
      memory = larger
      this.#memory = larger
    }
    this.#count++
    return at
  }

  /** Forgets all entries from `count` on, and cuts them from the file. */
  truncate(count: number): void {
    this.#count = Math.min(this.#count, count)
    if (this.#writtenCount <= this.#count) return
    this.#writtenCount = this.#count
    this.slot.use(true).truncate(this.#count * this.entryBytes)
    this.#pageRead = -1
  }

  /** Begins with no entries, in memory. The file stays as it is until it is replaced. */
  startOver(): void {
    this.#memory = new Uint8Array(this.entryBytes * FIRST_ENTRIES)
    this.#count = 0
    this.#writtenCount = 0
  }

  /** Puts a file with these entries in the place of the one there is, durably. Rejects with a `DiskError`. */
  async replace(disk: Disk): Promise<void> {
    const memory = this.#memory
    invariant(memory !== null, 'entries are replaced from memory')
    const count = this.#count
    await disk.replaceFile(this.slot.path, memory.subarray(0, count * this.entryBytes))
    // What was open is the old file.
    this.slot.close()
    this.#writtenCount = count
  }

  /** Writes what is not in the file yet. Throws a `DiskError` and may be called again after one. */
  write(): void {
    const memory = this.#memory
    if (memory === null) return
    const from = this.#writtenCount * this.entryBytes
    const to = this.#count * this.entryBytes
    const file = this.slot.use(true)
    if (to > from) file.writeSync([memory.subarray(from, to)], from)
    if (file.size() > to) file.truncate(to)
    this.#writtenCount = this.#count
  }

  /** `write`, if there is anything to write. */
  writeNew(): void {
    if (this.unwrittenCount > 0) this.write()
  }

  /** Lets go of the memory once all is written: the segment is closed. */
  unload(): void {
    if (this.#memory === null || this.unwrittenCount > 0) return
    this.#memory = null
    // What is in the page was read before this was in memory.
    this.#pageRead = -1
  }

  #readPage(index: number): void {
    const perPage = Math.floor(PAGE_BYTES / this.entryBytes)
    const first = Math.min(Math.max(0, index - (perPage >>> 1)), Math.max(0, this.#count - perPage))
    const wanted = Math.min(perPage, this.#count - first) * this.entryBytes
    const filled = this.slot.use().readSync(page.subarray(0, wanted), first * this.entryBytes)
    // A file that became shorter behind our back reads as zeros, which no caller takes for a good entry.
    if (filled < wanted) page.fill(0, filled, wanted)
    pageReads++
    this.#pageRead = pageReads
    this.#pageFirst = first
    this.#pageCount = wanted / this.entryBytes
  }
}
