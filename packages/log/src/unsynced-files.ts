/** The files of a log that were written since they were last synced, and whether files came, went or were renamed since. */
import type { FileSlot } from './file-pool.ts'
import type { LogEnvironment } from './log-environment.ts'
import { syncFile } from './sync-gate.ts'

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
    await Promise.all(slots.map((slot) => syncGate.run(() => (slot.isAbandoned ? Promise.resolve() : syncFile(slot)))))
    if (isDirectoryUnsynced) await syncGate.run(() => disk.syncDirectory(this.#directory))
  }
}
