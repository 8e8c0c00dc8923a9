/**
 * The end of the log in memory: whatever is not durable yet, and of the rest the newest part that fits a budget. Followers
 * that keep up are served from here; for others entries are read from storage.
 */
import { entryBytes, type Entry } from '../entries.ts'
import { invariant } from '../invariants.ts'

/** Entries that were let go are cut off the array in stretches of at least this many, so that letting one go is cheap. */
const CUT_ENTRIES_MIN = 256

export class RecentEntries {
  #entries: Entry[] = []
  /** How many entries at the beginning of the array were let go already. */
  #gone = 0
  #endIndex: number
  #bytes = 0

  /** Empty, and to be continued after `lastIndex`. */
  constructor(lastIndex: number) {
    this.#endIndex = lastIndex + 1
  }

  /** The first index that is in memory; the one after the log's last when nothing is. */
  get firstIndex(): number {
    return this.#endIndex - (this.#entries.length - this.#gone)
  }

  get bytes(): number {
    return this.#bytes
  }

  append(entry: Entry): void {
    invariant('I4', entry.index === this.#endIndex, () => `entry ${entry.index} does not follow ${this.#endIndex - 1}`)
    this.#entries.push(entry)
    this.#endIndex += 1
    this.#bytes += entryBytes(entry)
  }

  truncateFrom(index: number): void {
    while (this.#endIndex > index && this.#entries.length > this.#gone) {
      const entry = this.#entries.pop()
      if (entry !== undefined) this.#bytes -= entryBytes(entry)
      this.#endIndex -= 1
    }
    this.#endIndex = Math.min(this.#endIndex, index)
  }

  /** Lets the oldest go, none above `upToIndex`, until the rest fits. */
  evict(bytesMax: number, upToIndex: number): void {
    while (this.#bytes > bytesMax && this.firstIndex <= upToIndex) {
      const entry = this.#entries[this.#gone]
      if (entry === undefined) break
      this.#bytes -= entryBytes(entry)
      this.#gone += 1
    }
    if (this.#gone >= CUT_ENTRIES_MIN && this.#gone * 2 >= this.#entries.length) {
      this.#entries.splice(0, this.#gone)
      this.#gone = 0
    }
  }

  /**
   * From an index that is in memory up to and with another, as far as the limits reach, but at least one: an entry larger
   * than all limits must get through too.
   */
  slice(fromIndex: number, lastIndex: number, entriesMax: number, bytesMax: number): readonly Entry[] {
    const start = this.#gone + (fromIndex - this.firstIndex)
    const endMax = Math.min(this.#entries.length, start + entriesMax, start + (lastIndex - fromIndex) + 1)
    let bytes = 0
    let end = start
    while (end < endMax) {
      const entry = this.#entries[end]
      if (entry === undefined) break
      bytes += entryBytes(entry)
      if (bytes > bytesMax && end > start) break
      end += 1
    }
    return this.#entries.slice(start, end)
  }
}
