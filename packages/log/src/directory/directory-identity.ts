/** Whose directory it is: made known at the first use, checked at every other. */
import { formatMetaProperties, META_PROPERTIES, META_PROPERTIES_VERSION, parseMetaProperties } from '../checkpoint/meta-properties.ts'
import { STORAGE_ERROR_CODES, StorageError } from '../errors.ts'
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
}

/** Rejects with a `StorageError` when the directory belongs to somebody else, or was written by a newer version. */
export async function identifyDirectory(disk: Disk, random: Random, path: string, expected: ExpectedIdentity): Promise<DirectoryIdentity> {
  const file = `${path}/${META_PROPERTIES}`
  const found = disk.stat(file) === null ? null : parseMetaProperties(disk.readFile(file))
  if (found === null && disk.stat(file) !== null) {
    throw foreign(file, `${file} cannot be read; restore it, or start with an empty directory`)
  }
  if (found !== null) {
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
  }
  const identity: DirectoryIdentity = {
    nodeId: expected.nodeId,
    clusterId: found?.clusterId ?? expected.clusterId ?? uuidFromBytes(random.bytes(16)),
    directoryId: found?.directoryId ?? uuidFromBytes(random.bytes(16)),
  }
  const isComplete = found !== null && found.nodeId !== null && found.clusterId !== null && found.directoryId !== null
  if (!isComplete) await disk.replaceFile(file, formatMetaProperties({ version: META_PROPERTIES_VERSION, ...identity }))
  return identity
}

function foreign(path: string, message: string): StorageError {
  return new StorageError(STORAGE_ERROR_CODES.foreign, path, message)
}
