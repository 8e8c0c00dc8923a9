/** A clock that stands still until a test moves it, so that no test waits and none depends on the machine's speed. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timer } from '@millrace/runtime'

interface ManualTimer extends Timer {
  readonly dueMs: number
  readonly fire: () => void
}

const START_MS = 1_700_000_000_000

export class ManualClock implements Clock {
  readonly #timers = new Set<ManualTimer>()
  #nowMs = 0

  now(): number {
    return START_MS + Math.floor(this.#nowMs)
  }

  monotonic(): number {
    return this.#nowMs
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer: ManualTimer = { dueMs: this.#nowMs + Math.max(0, delayMs), fire, cancel: () => this.#timers.delete(timer) }
    this.#timers.add(timer)
    return timer
  }

  defer(run: () => void): void {
    void Promise.resolve().then(run)
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    await nextTurn()
  }

  /** Lets `ms` pass, firing what is due in its order. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms
    await this.settle()
    for (let next = this.#next(); next !== undefined && next.dueMs <= targetMs; next = this.#next()) await this.#fire(next)
    this.#nowMs = targetMs
    await this.settle()
  }

  /** Lets pass as much time as `promise` needs. Throws when nothing is left that could settle it. */
  async run<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false
    const mark = (): void => {
      isSettled = true
    }
    promise.then(mark, mark)
    for (;;) {
      await this.settle()
      if (isSettled) return promise
      const next = this.#next()
      if (next === undefined) throw new Error('the promise waits for something that never comes')
      await this.#fire(next)
    }
  }

  #next(): ManualTimer | undefined {
    let earliest: ManualTimer | undefined
    for (const timer of this.#timers) if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer
    return earliest
  }

  async #fire(timer: ManualTimer): Promise<void> {
    this.#timers.delete(timer)
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs)
    timer.fire()
    await this.settle()
  }
}
