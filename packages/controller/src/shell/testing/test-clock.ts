/** A clock whose time a test sets, and whose turns are real. */
import type { Clock, Timer } from '@millrace/runtime'

export class TestClock implements Clock {
  timeMs = 0
  /** Passes with each look at `monotonic`. */
  stepMs = 0

  now(): number {
    return this.timeMs
  }

  monotonic(): number {
    this.timeMs += this.stepMs
    return this.timeMs
  }

  /** Nothing becomes due by itself. */
  setTimer(): Timer {
    return { cancel: () => {} }
  }

  defer(run: () => void): void {
    setImmediate(run)
  }
}
