/** The metadata records that an entry of Raft's log carries. */
import { decodeRecords, METADATA_ERROR_CODES, MetadataError, type MetadataRecord } from '@millrace/metadata'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, newerVersion, reasonOf } from '../errors.ts'

/** Throws a `MetadataStorageError`. The bytes are as somebody wrote them: their checksum was compared. */
export function recordsIn(data: Uint8Array, index: number): readonly MetadataRecord[] {
  try {
    return decodeRecords(data)
  } catch (error) {
    const where = `the metadata log at offset ${index - 1}`
    if (error instanceof MetadataError && error.code === METADATA_ERROR_CODES.recordTooNew) throw newerVersion(where, error.message, error)
    const message = `${where} holds what cannot be read: ${reasonOf(error)}`
    throw new MetadataStorageError(METADATA_STORAGE_ERROR_CODES.logCorrupt, message, { cause: error })
  }
}
