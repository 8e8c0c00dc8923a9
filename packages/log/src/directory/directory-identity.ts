/** Whose directory it is: made known at the first use, checked at every other. */
import { formatMetaProperties, META_PROPERTIES, META_PROPERTIES_VERSION, parseMetaProperties } from '../checkpoint/meta-properties.ts'
import { STORAGE_ERROR_CODES, StorageError } from '../errors.ts'
import { parsePartitionDirectoryName } from '../file-names.ts'
import type { Disk, Random } from '@millrace/runtime'
import { uuidFromBytes } from '@millrace/protocol'

export interface DirectoryIdentity {
  readonly nodeId: number
  readonly clusterId: string
  readonly directoryId: string
}

export interface ExpectedIdentity {
  readonly nodeId: number
  /** Absent: whatever the directory says, or a new one. */
  readonly clusterId?: string
  /** Absent: whatever the directory says, or a new one. */
  readonly directoryId?: string
  /** The directory was given its identity before: one that has none was lost, or is not the one that was meant. */
  readonly mustBeFormatted?: boolean
}

/** Rejects with a `StorageError` when the directory belongs to somebody else, or was written by a newer version. */
export async function identifyDirectory(disk: Disk, random: Random, path: string, expected: ExpectedIdentity): Promise<DirectoryIdentity> {
  const file = `${path}/${META_PROPERTIES}`
  const found = disk.stat(file) === null ? null : parseMetaProperties(disk.readFile(file))
  if (found === null && disk.stat(file) !== null) {
    throw foreign(file, `${file} cannot be read; restore it, or start with an empty directory`)
  }
  if (found === null) assertUnused(disk, path, file, expected)
  else {
    if (found.version > META_PROPERTIES_VERSION) {
      throw foreign(
        file,
        `${path} was written by a newer version (format ${found.version}, this one knows ${META_PROPERTIES_VERSION}); ` +
          'upgrade, or use another directory',
      )
    }
    if (found.nodeId !== null && found.nodeId !== expected.nodeId) {
      throw foreign(
        file,
        `${path} belongs to node ${found.nodeId}, and this is node ${expected.nodeId}; use that node id, or another directory`,
      )
    }
    if (found.clusterId !== null && expected.clusterId !== undefined && found.clusterId !== expected.clusterId) {
      throw foreign(
        file,
        `${path} belongs to cluster ${found.clusterId}, and this is cluster ${expected.clusterId}; ` +
          'use that cluster id, or another directory',
      )
    }
    if (found.directoryId !== null && expected.directoryId !== undefined && found.directoryId !== expected.directoryId) {
      throw foreign(file, `${path} has the id ${found.directoryId}, not ${expected.directoryId}; use that id, or another directory`)
    }
  }
  const identity: DirectoryIdentity = {
    nodeId: expected.nodeId,
    clusterId: found?.clusterId ?? expected.clusterId ?? uuidFromBytes(random.bytes(16)),
    directoryId: found?.directoryId ?? expected.directoryId ?? uuidFromBytes(random.bytes(16)),
  }
  const isComplete = found !== null && found.nodeId !== null && found.clusterId !== null && found.directoryId !== null
  if (!isComplete) await disk.replaceFile(file, formatMetaProperties({ version: META_PROPERTIES_VERSION, ...identity }))
  return identity
}

/** Records without a word of whose they are must not become somebody else's, and a lost directory must not be taken for a new one. */
function assertUnused(disk: Disk, path: string, file: string, { mustBeFormatted = false }: ExpectedIdentity): void {
  const holdsLogs = disk.list(path).some(({ name, isDirectory }) => isDirectory && parsePartitionDirectoryName(name) !== null)
  if (holdsLogs) throw foreign(file, `${path} holds records, but ${META_PROPERTIES} is gone; restore it, or start with an empty directory`)
  if (!mustBeFormatted) return
  const advice = 'if it is new, run "millrace format" first; if it had records, they are gone, and the node must join again as a new one'
  throw foreign(file, `${path} is not formatted: ${advice}`)
}

function foreign(path: string, message: string): StorageError {
  return new StorageError(STORAGE_ERROR_CODES.foreign, path, message)
}
