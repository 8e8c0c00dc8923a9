/** Time that stands still until a test moves it, so that no test waits. */
import type { Clock, Timer } from '@millrace/runtime'

const START_MS = 1_700_000_000_000

interface PendingTimer {
  readonly dueMs: number
  readonly fire: () => void
}

export class StillClock implements Clock {
  readonly #timers = new Set<PendingTimer>()
  #elapsedMs = 0

  now(): number {
    return START_MS + this.#elapsedMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { dueMs: this.#elapsedMs + delayMs, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  defer(run: () => void): void {
    setImmediate(run)
  }

  /** The process stands still for `ms`: time is later, and no timer has fired yet. */
  stall(ms: number): void {
    this.#elapsedMs += ms
  }

  /** Lets `ms` pass, firing what is due in its order. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms
    for (;;) {
      const [next] = [...this.#timers].filter(({ dueMs }) => dueMs <= endMs).sort((left, right) => left.dueMs - right.dueMs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs)
      next.fire()
    }
    this.#elapsedMs = endMs
  }
}
