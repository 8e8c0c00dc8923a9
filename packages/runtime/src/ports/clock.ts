/**
 * Time as the rest of Millrace sees it. Two clocks, because they answer different questions: `now` stamps records and
 * compares them with settings such as `retention.ms`; `monotonic` measures waiting. Neither is ever read elsewhere.
 */
export interface Clock {
  /** Wall-clock time in whole milliseconds since the Unix epoch. May jump in either direction. */
  now(): number
  /** Milliseconds, with a fraction, since an arbitrary start. Never goes back. */
  monotonic(): number
  /** Calls `fire` once, `delayMs` or more from now. A delay of 0 still waits for the current turn to end. */
  setTimer(delayMs: number, fire: () => void): Timer
  /** Calls `run` after the current turn of the event loop, before timers that are due later. */
  defer(run: () => void): void
}

export interface Timer {
  /** Idempotent, and harmless after the timer fired. */
  cancel(): void
}
