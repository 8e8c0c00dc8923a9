/** A clock that stands still until a test lets time pass. Turns of the event loop are real. */
import type { Clock, Timer } from '@millrace/runtime'

interface PendingTimer {
  readonly dueMs: number
  readonly fire: () => void
}

export class ManualClock implements Clock {
  #nowMs = 1_000_000
  #timers = new Set<PendingTimer>()

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  defer(run: () => void): void {
    setImmediate(run)
  }

  /** Time jumps: what was due meanwhile fires late, all at once. */
  jump(ms: number): void {
    this.#nowMs += ms
    this.#fireDue()
  }

  /** Lets time pass in small steps, each with some turns, until something is so. Throws when that takes too long. */
  async until(isSo: () => boolean, { withinMs = 30_000, what = 'it' }: { withinMs?: number; what?: string } = {}): Promise<void> {
    const endMs = this.#nowMs + withinMs
    await turns()
    while (!isSo()) {
      if (this.#nowMs >= endMs) throw new Error(`${what} did not come about in ${withinMs} ms`)
      this.jump(10)
      await turns()
    }
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await this.until(() => this.#nowMs >= endMs, { withinMs: ms + 1 })
  }

  #fireDue(): void {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= this.#nowMs).sort((left, right) => left.dueMs - right.dueMs)
    for (const timer of due) if (this.#timers.delete(timer)) timer.fire()
  }
}

/** Enough turns for what a disk in memory does between two events. */
async function turns(): Promise<void> {
  for (let count = 0; count < 4; count += 1) await new Promise((resolve) => setImmediate(resolve))
}
