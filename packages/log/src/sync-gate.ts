/** Lets a few syncs wait for the device at a time, so that they never take every thread of the pool. First come, first served. */
import type { FileSlot } from './file-pool.ts'

export class SyncGate {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  async run(sync: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
    try {
      await sync()
    } finally {
      // The place is handed on rather than given back, so nobody can slip in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}

/** Resolves when all that was written to the file is on the device. Rejects with a `DiskError`, which is final. */
export async function syncFile(slot: FileSlot): Promise<void> {
  const { file, release } = slot.hold()
  try {
    await file.sync()
  } finally {
    release()
  }
}
