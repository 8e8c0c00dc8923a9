/** Removes what the deletion of a partition left when the process ended in the middle of it. */
import type { Disk } from '@millrace/runtime'
import { isDeletedPartitionDirectory } from '../file-names.ts'

export function finishDeletions(disk: Disk, path: string): void {
  for (const { name, isDirectory } of disk.list(path)) {
    if (isDirectory && isDeletedPartitionDirectory(name)) disk.removeDirectory(`${path}/${name}`)
  }
}
