/**
 * Says that a sync failed here, for the processes that come after.
 *
 * What a failed sync was to save stays readable, and the system takes it for written: the next sync of the same bytes succeeds
 * without writing anything, and only a cut of the power shows what is missing. So a process that finds the mark writes what it did
 * not know to be durable once more, which is what makes its own syncs mean something. The mark need not be durable itself: a cut of
 * the power takes the bytes that it warns of.
 */
import type { Disk, Logger } from '@millrace/runtime'

const SYNC_FAILED = '.sync-failed'

export class SyncFailureMark {
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #path: string
  /** Found when the directory was opened. */
  readonly wasFound: boolean

  constructor(disk: Disk, logger: Logger, directory: string) {
    this.#disk = disk
    this.#logger = logger
    this.#path = `${directory}/${SYNC_FAILED}`
    this.wasFound = disk.stat(this.#path) !== null
  }

  leave(): void {
    try {
      this.#disk.open(this.#path, { create: true }).close()
    } catch (error) {
      this.#logger.error('the next start cannot be told that the disk failed; check the disk before it', { path: this.#path, error })
    }
  }

  /** Everything is on the device. */
  remove(): void {
    if (this.wasFound) this.#disk.removeFile(this.#path)
  }
}
