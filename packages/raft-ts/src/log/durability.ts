/**
 * How far the log in memory is on disk. Writes are handed to storage one after the other and are completed in that order;
 * meanwhile the log may be cut back and grow again with other entries at the same indexes. A completed write then vouches only
 * for those of its entries that nothing has replaced since it was handed over.
 */

interface LogWriteInFlight {
  readonly seq: number
  /** When this write is done, the log as it is now is durable up to here. */
  coversIndex: number
}

export class Durability {
  /** Storage was given everything up to here. Invariant: durable <= staged <= the last index of the log. */
  #stagedIndex: number
  #durableIndex: number
  /** Storage was given entries from here on that are not in the log any more. */
  #truncateFrom: number | null = null
  readonly #inFlight: LogWriteInFlight[] = []

  constructor(lastIndex: number) {
    this.#stagedIndex = lastIndex
    this.#durableIndex = lastIndex
  }

  get stagedIndex(): number {
    return this.#stagedIndex
  }

  get durableIndex(): number {
    return this.#durableIndex
  }

  /** The next write removes this entry and all after it before it adds anything. */
  get truncateFrom(): number | null {
    return this.#truncateFrom
  }

  truncatedFrom(index: number): void {
    if (index > this.#stagedIndex) return
    this.#truncateFrom = Math.min(index, this.#truncateFrom ?? index)
    this.#limitTo(index - 1)
    this.#stagedIndex = index - 1
  }

  /** The log now begins after a snapshot. Of the old one only what agrees with that is a part of it still. */
  replacedBySnapshot(snapshotIndex: number, agreedIndex: number): void {
    this.#limitTo(agreedIndex)
    this.#truncateFrom = null
    this.#stagedIndex = snapshotIndex
  }

  /** Everything up to `lastIndex`, and the truncation before it, is handed to storage. */
  staged(seq: number, lastIndex: number): void {
    this.#stagedIndex = lastIndex
    this.#truncateFrom = null
    this.#inFlight.push({ seq, coversIndex: lastIndex })
  }

  written(seq: number): void {
    while ((this.#inFlight[0]?.seq ?? Infinity) <= seq) {
      const write = this.#inFlight.shift()
      if (write !== undefined) this.#durableIndex = Math.max(this.#durableIndex, write.coversIndex)
    }
  }

  /** Nothing handed over so far vouches for what comes after this index. */
  #limitTo(index: number): void {
    this.#durableIndex = Math.min(this.#durableIndex, index)
    for (const write of this.#inFlight) write.coversIndex = Math.min(write.coversIndex, index)
  }
}
