/** The operating system's clocks and Node's timers behind the clock port. */
import type { Clock, Timer } from '../ports/clock.ts'

/** The longest delay that `setTimeout` takes; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

class NodeTimer implements Timer {
  readonly #dueMs: number
  readonly #fire: () => void
  #handle: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined

  constructor(delayMs: number, fire: () => void) {
    this.#dueMs = performance.now() + delayMs
    this.#fire = fire
    // Node rounds a delay of 0 up to a whole millisecond; an immediate also waits for the turn to end, and no longer.
    if (delayMs > 0) this.#arm(delayMs)
    else this.#immediate = setImmediate(fire)
  }

  cancel(): void {
    if (this.#handle !== undefined) clearTimeout(this.#handle)
    if (this.#immediate !== undefined) clearImmediate(this.#immediate)
    this.#handle = undefined
    this.#immediate = undefined
  }

  #arm(delayMs: number): void {
    this.#handle = setTimeout(() => this.#elapsed(), Math.min(Math.ceil(delayMs), LONGEST_DELAY_MS))
  }

  /** Node measures from the start of the turn and in whole milliseconds, so it may be early by a fraction: wait for the rest. */
  #elapsed(): void {
    const restMs = this.#dueMs - performance.now()
    if (restMs > 0) {
      this.#arm(restMs)
      return
    }
    this.#handle = undefined
    this.#fire()
  }
}

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, fire) => new NodeTimer(delayMs, fire),
  defer: (run) => {
    setImmediate(run)
  },
}
