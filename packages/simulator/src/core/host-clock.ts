/**
 * The clocks of one host: a wall clock that is wrong by an offset, runs too fast or too slow and may jump, and a monotonic one for
 * each process that runs at the same wrong speed but never goes back.
 */
import type { Clock, Timer } from '@millrace/runtime'
import { CrashedError, type Life } from './life.ts'
import type { RandomStream } from './random-streams.ts'
import type { Scheduler } from './scheduler.ts'

/** Where all runs begin. */
export const EPOCH_MS = Date.UTC(2026, 0, 1)
/** A timer is never early and never exact. */
const LATENESS_MS_MAX = 1

export interface ClockSettings {
  readonly offsetMs: number
  /** 1 is right; 1.01 gains ten milliseconds a second. */
  readonly speed: number
}

export class HostClock {
  readonly #scheduler: Scheduler
  readonly #random: RandomStream
  readonly #speed: number
  #offsetMs: number

  constructor(scheduler: Scheduler, random: RandomStream, { offsetMs, speed }: ClockSettings) {
    this.#scheduler = scheduler
    this.#random = random
    this.#offsetMs = offsetMs
    this.#speed = speed
  }

  /** Moves the wall clock, forward or back. */
  jump(byMs: number): void {
    this.#offsetMs += byMs
  }

  /** The clock port of one process. */
  forLife(life: Life): Clock {
    const scheduler = this.#scheduler
    let lastLot = 0
    let lastDeferMs = -1
    const assertAlive = (): void => {
      if (!life.isAlive) throw new CrashedError(life.who)
    }
    return {
      now: () => Math.floor(EPOCH_MS + scheduler.nowMs * this.#speed + this.#offsetMs),
      monotonic: () => (scheduler.nowMs - life.bornMs) * this.#speed,
      setTimer: (delayMs: number, fire: () => void): Timer => {
        assertAlive()
        const late = delayMs > 0 ? this.#random.within(0.001, LATENESS_MS_MAX) : 0
        return scheduler.schedule(Math.max(0, delayMs) / this.#speed + late, life, 'timer', fire)
      },
      defer: (run: () => void): void => {
        assertAlive()
        // What a process defers in one turn comes in its order, whatever comes between.
        lastLot = lastDeferMs === scheduler.nowMs ? Math.max(lastLot, this.#random.uint32()) : this.#random.uint32()
        lastDeferMs = scheduler.nowMs
        scheduler.schedule(0, life, 'defer', run, 0, lastLot)
      },
    }
  }
}
