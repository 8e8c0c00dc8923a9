/**
 * What may happen only when everything appended before it is committed: answers, above all. In the order in which it came.
 *
 * An answer that waits too long is given up, so that its client learns that it has to ask again; what was appended stays, and may
 * still be committed.
 */
import type { Clock, Timer } from '@millrace/runtime'

export interface Committable {
  /** Everything is committed. */
  onCommitted(): void
  /** It took too long. Absent: there is no too long. */
  onTimedOut?(): void
}

interface Waiting {
  readonly requiredOffset: number
  readonly timesOutMs: number
  readonly what: Committable
  isTimedOut: boolean
}

/** Those that are done with leave the list together. */
const DONE_MAX = 1024

export class CommitQueue {
  readonly #clock: Clock
  readonly #timeoutMs: () => number
  /** Ascending by `requiredOffset`. */
  #waiting: Waiting[] = []
  /** How many at the front are done with. */
  #done = 0
  #appendedOffset = 0
  #committedOffset = 0
  #timer: Timer | null = null

  constructor(clock: Clock, timeoutMs: () => number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Something was appended, and ends before `endOffset`. */
  appended(endOffset: number): void {
    this.#appendedOffset = endOffset
  }

  /** At once, if nothing is on its way. */
  add(what: Committable): void {
    if (this.#committedOffset >= this.#appendedOffset && this.#done === this.#waiting.length) return what.onCommitted()
    const timesOutMs = this.#clock.monotonic() + this.#timeoutMs()
    this.#waiting.push({ requiredOffset: this.#appendedOffset, timesOutMs, what, isTimedOut: false })
    this.#watch()
  }

  /** Everything below `offset` is committed. */
  committed(offset: number): void {
    if (offset > this.#committedOffset) this.#committedOffset = offset
    while (this.#done < this.#waiting.length) {
      const { requiredOffset, what, isTimedOut } = this.#waiting[this.#done] as Waiting
      if (requiredOffset > this.#committedOffset) break
      this.#done += 1
      if (!isTimedOut) what.onCommitted()
    }
    if (this.#done === this.#waiting.length || this.#done >= DONE_MAX) {
      this.#waiting = this.#waiting.slice(this.#done)
      this.#done = 0
    }
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#timer?.cancel()
    this.#waiting = []
    this.#done = 0
  }

  #watch(): void {
    if (this.#timer !== null) return
    let index = this.#done
    while (index < this.#waiting.length && !mayTimeOut(this.#waiting[index] as Waiting)) index += 1
    const next = this.#waiting[index]
    if (next === undefined) return
    this.#timer = this.#clock.setTimer(Math.max(0, next.timesOutMs - this.#clock.monotonic()), () => this.#onTimer())
  }

  #onTimer(): void {
    this.#timer = null
    const nowMs = this.#clock.monotonic()
    for (const waiting of this.#waiting.slice(this.#done)) {
      if (waiting.timesOutMs > nowMs) break
      if (!mayTimeOut(waiting)) continue
      waiting.isTimedOut = true
      waiting.what.onTimedOut?.()
    }
    this.#watch()
  }
}

function mayTimeOut({ isTimedOut, what }: Waiting): boolean {
  return !isTimedOut && what.onTimedOut !== undefined
}
