/** Gives a directory its identity before its first use, as the nodes of a cluster need it. */
import type { Disk, DiskLock, Random } from '@millrace/runtime'
import { toStorageError } from '../errors.ts'
import { createDurably } from './create-durably.ts'
import { type DirectoryIdentity, type ExpectedIdentity, identifyDirectory } from './directory-identity.ts'
import { LOCK } from './log-directory.ts'

export interface FormatDirectoryOptions extends Omit<ExpectedIdentity, 'mustBeFormatted'> {
  readonly disk: Disk
  readonly random: Random
  /** Absolute. Created when it is missing. */
  readonly path: string
  /** What else belongs to a new directory, while nobody else can use it. */
  readonly complete?: (identity: DirectoryIdentity) => Promise<void>
}

/**
 * A directory that has this identity already is fine. Rejects with a `StorageError` for one that has another, that is in use, or
 * that cannot be written.
 */
export async function formatDirectory(options: FormatDirectoryOptions): Promise<DirectoryIdentity> {
  const { disk, random, path, complete } = options
  const lock = await lockDirectory(disk, path)
  try {
    const identity = await identifyDirectory(disk, random, path, options).catch((error: unknown) => {
      throw toStorageError(error, path)
    })
    await complete?.(identity)
    return identity
  } finally {
    lock.release()
  }
}

async function lockDirectory(disk: Disk, path: string): Promise<DiskLock> {
  try {
    await createDurably(disk, path)
    return disk.lock(`${path}/${LOCK}`)
  } catch (error) {
    throw toStorageError(error, path)
  }
}
