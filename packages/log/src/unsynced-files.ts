/** The files of a log that were written since they were last synced, and whether files came, went or were renamed since. */
import { DISK_ERROR_CODES, DiskError } from '@millrace/runtime'
import { SEGMENT_SUFFIXES } from './file-names.ts'
import type { FileSlot } from './file-pool.ts'
import type { LogEnvironment } from './log-environment.ts'
import { syncFile } from './sync-file.ts'

export class UnsyncedFiles {
  readonly #directory: string
  #slots: Set<FileSlot>
  #isDirectoryUnsynced: boolean

  constructor(directory: string, slots: Iterable<FileSlot>, isDirectoryUnsynced: boolean) {
    this.#directory = directory
    this.#slots = new Set(slots)
    this.#isDirectoryUnsynced = isDirectoryUnsynced
  }

  add(...slots: readonly FileSlot[]): void {
    for (const slot of slots) this.#slots.add(slot)
  }

  /** The file was never made. */
  forget(slot: FileSlot): void {
    this.#slots.delete(slot)
  }

  addDirectory(): void {
    this.#isDirectoryUnsynced = true
  }

  /** The file is no longer part of the log: nobody needs it to be durable. */
  drop(slots: readonly FileSlot[]): void {
    for (const slot of slots) {
      slot.abandon()
      this.#slots.delete(slot)
    }
  }

  /** Syncs what was added before this call. Rejects with a `DiskError`; what was to be synced may be lost then. */
  async sync({ syncGate, disk }: LogEnvironment): Promise<void> {
    const slots = [...this.#slots]
    const isDirectoryUnsynced = this.#isDirectoryUnsynced
    this.#slots.clear()
    this.#isDirectoryUnsynced = false
    await Promise.all(
      slots.map((slot) => syncGate.run(() => (slot.isAbandoned ? Promise.resolve() : syncFile(slot).catch(ignoreGoneSnapshot)))),
    )
    if (isDirectoryUnsynced) await syncGate.run(() => disk.syncDirectory(this.#directory))
  }
}

/** Snapshots that nobody needs any more are removed at any time. */
function ignoreGoneSnapshot(error: unknown): void {
  const isGone = error instanceof DiskError && error.code === DISK_ERROR_CODES.notFound
  if (!isGone || !error.path.endsWith(SEGMENT_SUFFIXES.snapshot)) throw error
}
