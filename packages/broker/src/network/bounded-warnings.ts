/**
 * Warnings about peers, of which a few a while are written in full and the rest only counted: what somebody sends must not be
 * able to fill the disk with our log.
 */
import type { Clock, LogFields, Logger, Timer } from '@millrace/runtime'

/** Lines that are written in full in each period. */
const LINES = 10
const PERIOD_MS = 10_000

export class BoundedWarnings {
  readonly #logger: Logger
  readonly #clock: Clock
  #written = 0
  #leftOut = 0
  /** Ends the period. Null while nothing was warned of. */
  #timer: Timer | null = null

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  warn(event: string, fields: LogFields): void {
    this.#timer ??= this.#clock.setTimer(PERIOD_MS, () => this.#endPeriod())
    if (this.#written < LINES) {
      this.#written += 1
      this.#logger.warn(event, fields)
    } else {
      this.#leftOut += 1
    }
  }

  /** Says what was left out, and keeps no time any more. */
  close(): void {
    this.#timer?.cancel()
    this.#endPeriod()
  }

  #endPeriod(): void {
    const leftOut = this.#leftOut
    this.#timer = null
    this.#written = 0
    this.#leftOut = 0
    if (leftOut > 0) this.#logger.warn('more warnings about connections were left out', { leftOut, periodMs: PERIOD_MS })
  }
}
