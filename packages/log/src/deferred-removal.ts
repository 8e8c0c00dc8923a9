/**
 * Files that are no longer part of a log and wait for `file.delete.delay.ms` to pass, under a name that says so. A file that
 * cannot be removed is left to the next start, which removes everything of that name.
 */
import type { Clock, Disk, Logger, Timer } from '@millrace/runtime'
import type { FileSlot } from './file-pool.ts'

export class DeferredRemoval {
  readonly #clock: Clock
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #waiting = new Map<readonly FileSlot[], Timer>()

  constructor(clock: Clock, disk: Disk, logger: Logger) {
    this.#clock = clock
    this.#disk = disk
    this.#logger = logger
  }

  add(slots: readonly FileSlot[], delayMs: number): void {
    if (slots.length === 0) return
    this.#waiting.set(
      slots,
      this.#clock.setTimer(delayMs, () => this.#remove(slots)),
    )
  }

  /** Removes all that wait, now. */
  close(): void {
    for (const [slots, timer] of this.#waiting) {
      timer.cancel()
      this.#remove(slots)
    }
  }

  #remove(slots: readonly FileSlot[]): void {
    this.#waiting.delete(slots)
    for (const slot of slots) {
      slot.close()
      try {
        this.#disk.removeFile(slot.path)
      } catch (error) {
        this.#logger.warn('a deleted file could not be removed; the next start tries again', { path: slot.path, error })
      }
    }
  }
}
