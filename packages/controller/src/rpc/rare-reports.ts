/**
 * Says whether something is worth a line in the log: the first time, and then once in a while for as long as it goes on. What a
 * peer repeats twenty times a second must not fill a disk.
 */
import type { Clock } from '@millrace/runtime'

const AGAIN_AFTER_MS = 60_000
/** What peers send is part of the keys, so their number is bounded. */
const KEYS_MAX = 100

export class RareReports {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #reportedAt = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  isDue(key: string): boolean {
    const now = this.#clock.monotonic()
    const last = this.#reportedAt.get(key)
    if (last !== undefined && now - last < AGAIN_AFTER_MS) return false
    if (last === undefined && this.#reportedAt.size >= KEYS_MAX) this.#forgetOldest()
    this.#reportedAt.delete(key)
    this.#reportedAt.set(key, now)
    return true
  }

  clear(): void {
    this.#reportedAt.clear()
  }

  #forgetOldest(): void {
    for (const key of this.#reportedAt.keys()) {
      this.#reportedAt.delete(key)
      return
    }
  }
}
