/**
 * What the log says of writes that failed. Want of room is met again by every partition and with every try until there is some, and
 * clients decide how often that is: a few lines a while are written, and the next one says how many were left out.
 */
import { isWantOfRoom } from '@millrace/log'
import type { Clock, LogFields, Logger } from '@millrace/runtime'

/** Lines about want of room that are written in each period. */
const LINES = 5
const PERIOD_MS = 10_000

export class RoomReports {
  readonly #clock: Clock
  readonly #logger: Logger
  #periodEndMs = Number.NEGATIVE_INFINITY
  #written = 0
  #leftOut = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  error(event: string, fields: LogFields & { readonly error: unknown }): void {
    if (!isWantOfRoom(fields['error'])) return this.#logger.error(event, fields)
    if (this.#isLeftOut()) {
      this.#leftOut += 1
      return
    }
    this.#logger.error(event, this.#leftOut === 0 ? fields : { ...fields, leftOut: this.#leftOut })
    this.#leftOut = 0
  }

  #isLeftOut(): boolean {
    const now = this.#clock.monotonic()
    if (now >= this.#periodEndMs) {
      this.#periodEndMs = now + PERIOD_MS
      this.#written = 0
    }
    if (this.#written === LINES) return true
    this.#written += 1
    return false
  }
}
