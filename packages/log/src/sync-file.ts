/** One file's way onto the device. */
import type { FileSlot } from './file-pool.ts'

/** Resolves when all that was written to the file is on the device. Rejects with a `DiskError`, which is final. */
export async function syncFile(slot: FileSlot): Promise<void> {
  const { file, release } = slot.hold()
  try {
    await file.sync()
  } finally {
    release()
  }
}
