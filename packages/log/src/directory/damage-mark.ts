/**
 * Says that records of a partition were found damaged, for the processes that come after: a start does not read everything, and would
 * take the log for sound again. It goes with the directory of the partition, when that is deleted or restored.
 */
import type { Disk } from '@millrace/runtime'
import { decodeAscii, encodeAscii } from '../ascii.ts'
import { LogCorruptError } from '../errors.ts'

const DAMAGED = 'damaged'
const REASON_CHARACTERS_MAX = 1_000

/** Resolves when it is durable. Rejects with a `DiskError`. */
export async function markDamaged(disk: Disk, directory: string, error: LogCorruptError): Promise<void> {
  const printable = error.message.replace(/[^ -~]/g, '?').slice(0, REASON_CHARACTERS_MAX)
  await disk.replaceFile(`${directory}/${DAMAGED}`, encodeAscii(`${printable}\n`))
}

/** Throws a `LogCorruptError` when there is a mark. */
export function assertUnmarked(disk: Disk, directory: string): void {
  const path = `${directory}/${DAMAGED}`
  if (disk.stat(path) === null) return
  throw new LogCorruptError(directory, 0, `its file "${DAMAGED}" says: ${decodeAscii(disk.readFile(path)).trim()}`)
}
