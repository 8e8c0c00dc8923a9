/**
 * Which term every index of the log has, in memory as a whole: one position per term that occurs. Questions about terms (the
 * heart of Raft's matching) never need the disk, and skipping a divergent stretch costs one step per term, not per entry.
 */
import type { LogPosition } from '../entries.ts'
import { invariant } from '../invariants.ts'

export class TermIndex {
  /** The position before the first entry of the log. */
  #compacted: LogPosition
  /** Invariant: indexes and terms strictly ascend, all above the compacted position's index. */
  #starts: LogPosition[]
  #lastIndex: number

  constructor(compacted: LogPosition, starts: readonly LogPosition[] = [], lastIndex: number = compacted.index) {
    this.#compacted = compacted
    this.#starts = starts.filter(({ term }) => term > compacted.term)
    this.#lastIndex = lastIndex
  }

  get compacted(): LogPosition {
    return this.#compacted
  }

  get last(): LogPosition {
    return { index: this.#lastIndex, term: this.#starts.at(-1)?.term ?? this.#compacted.term }
  }

  /** `undefined` where the log does not reach, or does not reach any more. That is never a term: not 0, and no conflict. */
  termAt(index: number): number | undefined {
    if (index < this.#compacted.index || index > this.#lastIndex) return undefined
    return this.#starts[this.#runAt(index)]?.term ?? this.#compacted.term
  }

  append({ index, term }: LogPosition): void {
    const last = this.last
    invariant('I4', index === last.index + 1 && term >= last.term, () => `${term}/${index} does not follow ${last.term}/${last.index}`)
    if (term > last.term) this.#starts.push({ index, term })
    this.#lastIndex = index
  }

  truncateFrom(index: number): void {
    this.#starts.splice(this.#runAt(index - 1) + 1)
    this.#lastIndex = index - 1
  }

  /** Forgets what is at and before an index, but not the term there. */
  compactTo(index: number): void {
    const run = this.#runAt(index)
    this.#compacted = { index, term: this.#starts[run]?.term ?? this.#compacted.term }
    this.#starts.splice(0, run + 1)
  }

  /** The last position at or before an index whose term is at most the given one; the compacted position when there is none. */
  lastAtMost({ index, term }: LogPosition): LogPosition {
    let end = Math.min(index, this.#lastIndex)
    for (let run = this.#runAt(end); run >= 0; run -= 1) {
      const start = this.#starts[run]
      if (start !== undefined && start.term <= term) return { index: end, term: start.term }
      if (start !== undefined) end = start.index - 1
    }
    const isWithin = this.#compacted.term <= term && end > this.#compacted.index
    return isWithin ? { index: end, term: this.#compacted.term } : this.#compacted
  }

  /** The place in `#starts` of the term that an index has; -1 when it is the compacted position's. */
  #runAt(index: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle]?.index ?? 0) <= index) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
