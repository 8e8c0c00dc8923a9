/** Which batches of a producer may be on their way to one partition at a time, by their sequence numbers. */

/** A broker knows so many of the last batches of a producer again. */
const ON_THEIR_WAY_MAX = 5

export class SendWindow {
  #next = 0
  readonly #unanswered = new Set<number>()

  /** Null while too many are on their way. The first goes alone: of a producer that it does not know a broker takes any number. */
  take(): number | null {
    const oldest = Math.min(...this.#unanswered, this.#next)
    if (this.#next >= oldest + ON_THEIR_WAY_MAX || this.#unanswered.has(0)) return null
    this.#unanswered.add(this.#next)
    return this.#next++
  }

  answered(sequence: number): void {
    this.#unanswered.delete(sequence)
  }
}
