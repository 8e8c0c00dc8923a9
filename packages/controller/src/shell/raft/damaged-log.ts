/**
 * What becomes of a log that is damaged where no crash can have done it: what is sound stays, and a copy of what is not is kept
 * for people to look at. Nothing is removed. All that is derived from the log goes, since it may be derived from what is gone.
 */
import type { Disk } from '@millrace/runtime'
import type { LogDamage } from './log-scan.ts'

const ASIDE = '.corrupt'
const SEGMENT = /^\d{20}\.log$/
const DERIVED = /^\d{20}\.(index|timeindex|txnindex|snapshot)$|^leader-epoch-checkpoint$/

/** The log then ends before the damage; a crash on the way leaves it damaged, to begin anew with. Rejects with a `DiskError`. */
export async function keepSoundPart(disk: Disk, directory: string, { path, position, laterPaths }: LogDamage): Promise<void> {
  await disk.replaceFile(asideName(disk, path), disk.readFile(path))
  // From the last one on: as long as the damage is in its place, what comes after it is known to be of no use.
  for (const later of laterPaths.toReversed()) disk.rename(later, asideName(disk, later))
  await disk.syncDirectory(directory)
  removeDerived(disk, directory)
  const file = disk.open(path)
  try {
    file.truncate(position)
    await file.sync()
  } finally {
    file.close()
  }
  await disk.syncDirectory(directory)
}

/** Nothing is left that may say more than the log does. Rejects with a `DiskError`. */
export async function forgetDerived(disk: Disk, directory: string): Promise<void> {
  removeDerived(disk, directory)
  await disk.syncDirectory(directory)
}

/** The log is then empty. Rejects with a `DiskError`. */
export async function setLogAside(disk: Disk, directory: string): Promise<void> {
  for (const { name } of disk.list(directory)) {
    if (SEGMENT.test(name)) disk.rename(`${directory}/${name}`, asideName(disk, `${directory}/${name}`))
  }
  removeDerived(disk, directory)
  await disk.syncDirectory(directory)
}

function removeDerived(disk: Disk, directory: string): void {
  for (const { name } of disk.list(directory)) if (DERIVED.test(name)) disk.removeFile(`${directory}/${name}`)
}

/** What was kept before stays. */
function asideName(disk: Disk, path: string): string {
  for (let count = 0; ; count += 1) {
    const name = `${path}${ASIDE}${count === 0 ? '' : `-${count}`}`
    if (disk.stat(name) === null) return name
  }
}
