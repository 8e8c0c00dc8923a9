/** Metadata batches as Kafka record batches, so that the log stores them like any others: one record each, without a key. */
import { decodeRecord, encodeRecord, METADATA_ERROR_CODES, MetadataError, type MetadataRecord } from '@millrace/metadata'
import {
  batchBaseOffset,
  batchCrc,
  batchSizeInBytes,
  buildBatch,
  checkedBytes,
  partitionLeaderEpoch,
  readRecords,
} from '@millrace/protocol'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, newerVersion, reasonOf } from './errors.ts'
import type { CommittedBatch } from './metadata-quorum.ts'

type Crc32c = (bytes: Uint8Array) => number

export function toRecordBatch(records: readonly MetadataRecord[], timestamp: number, crc32c: Crc32c): Uint8Array {
  return buildBatch({ records: records.map((record) => ({ timestamp, key: null, value: encodeRecord(record) })), crc32c })
}

/**
 * Reads the batch at `position`, which is there as a whole. Throws a `MetadataStorageError` for anything that
 * `toRecordBatch` does not make.
 */
export function fromRecordBatch(bytes: Uint8Array, position: number, crc32c: Crc32c): CommittedBatch {
  const baseOffset = batchBaseOffset(bytes, position)
  const sizeBytes = batchSizeInBytes(bytes, position)
  const batch = bytes.subarray(position, position + sizeBytes)
  if (batchCrc(batch, 0) !== crc32c(checkedBytes(batch, 0))) throw corrupt(baseOffset, 'the checksum of a batch does not match')
  try {
    const records = readRecords(batch, 0, () => {
      throw new TypeError('metadata batches are not compressed')
    }).map(({ value }) => decodeRecord(value ?? new Uint8Array(0)))
    return { baseOffset, epoch: partitionLeaderEpoch(batch, 0), records, sizeBytes }
  } catch (error) {
    if (error instanceof MetadataError && error.code === METADATA_ERROR_CODES.recordTooNew) {
      throw newerVersion(`the metadata log at offset ${baseOffset}`, error.message, error)
    }
    throw corrupt(baseOffset, reasonOf(error), error)
  }
}

function corrupt(baseOffset: number, problem: string, cause?: unknown): MetadataStorageError {
  return new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES.logCorrupt,
    `the metadata log is damaged at offset ${baseOffset}: ${problem}`,
    { cause },
  )
}
