/** Long work in short turns: after every megabyte others get the event loop, and the work may be called off. */
import type { Clock } from '@millrace/runtime'

const TURN_BYTES = 1024 * 1024

export class Turns {
  readonly #clock: Clock
  /** Throws when the work is to end. */
  readonly #check: () => void
  #workedBytes = 0

  constructor(clock: Clock, check: () => void) {
    this.#clock = clock
    this.#check = check
  }

  /** So many more bytes were looked at: those of records once they are uncompressed. */
  worked(bytes: number): void {
    this.#workedBytes += bytes
  }

  /** Between two pieces of work. A promise only when it is others' turn. */
  next(): Promise<void> | null {
    return this.#workedBytes < TURN_BYTES ? null : this.#yield()
  }

  async #yield(): Promise<void> {
    this.#workedBytes = 0
    await new Promise<void>((resolve) => this.#clock.defer(resolve))
    this.#check()
  }
}
