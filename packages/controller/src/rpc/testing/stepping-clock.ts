/** A clock that stands still until a test lets time pass. Turns of the event loop are real. */
import type { Clock, Timer } from '@millrace/runtime'

interface SetTimer {
  readonly atMs: number
  readonly fire: () => void
}

/** Enough for whatever a turn sets off in promises. */
const TURNS = 20

export class SteppingClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<SetTimer>()

  now(): number {
    return 1_790_000_000_000 + this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  defer(run: () => void): void {
    setImmediate(run)
  }

  /** Timers that are set, for tests that ask whether somebody waits. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** Fires what becomes due, in order, and gives each its turns. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await turns()
    for (let next = this.#next(untilMs); next !== null; next = this.#next(untilMs)) {
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.fire()
      await turns()
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): SetTimer | null {
    let next: SetTimer | null = null
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === null || timer.atMs < next.atMs)) next = timer
    }
    return next
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
