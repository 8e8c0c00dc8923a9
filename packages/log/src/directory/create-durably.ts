/** Makes a directory, with those that it lies in, so that a power cut does not take it back with all that is in it by then. */
import type { Disk } from '@millrace/runtime'

export async function createDurably(disk: Disk, path: string): Promise<void> {
  const missing: string[] = []
  for (let at = path; at !== '' && disk.stat(at) === null; at = parentOf(at)) missing.push(at)
  disk.createDirectory(path)
  for (const made of missing.reverse()) await disk.syncDirectory(parentOf(made) || '/')
}

/** Empty for a path without a parent. Windows separates by backslashes too. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'), 0))
}
