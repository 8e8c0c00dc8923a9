/**
 * Reads the metadata log from an offset to its end. Everything is checked: what the log believed when it was opened (it looks
 * only at what a crash may have cut) is not enough for what all else is built on.
 */
import { decodeRecords, METADATA_ERROR_CODES, MetadataError, type MetadataRecord } from '@millrace/metadata'
import { BATCH_HEADER_BYTES, batchSizeInBytes } from '@millrace/protocol'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, newerVersion, reasonOf } from './errors.ts'
import type { MetadataLog } from './metadata-log.ts'
import type { CommittedBatch } from './metadata-quorum.ts'
import { decodeEntry } from './raft/entry-codec.ts'

const READ_BYTES = 1024 * 1024

export interface ReplayOptions {
  readonly log: Pick<MetadataLog, 'read' | 'logEndOffset'>
  /** A batch begins here, or the log ends. */
  readonly fromOffset: number
  /** Epoch of what comes before; -1 when nothing does. */
  readonly epoch: number
  readonly crc32c: (bytes: Uint8Array) => number
  readonly onBatch: (batch: CommittedBatch) => void
}

/** Rejects with a `MetadataStorageError`, or with what the log says of a disk that cannot be read. */
export async function replayLog({ log, fromOffset, epoch, crc32c, onBatch }: ReplayOptions): Promise<void> {
  const endOffset = log.logEndOffset
  let offset = fromOffset
  let lastEpoch = epoch
  while (offset < endOffset) {
    const bytes = await readRange(log, offset, endOffset)
    let position = 0
    let isAny = false
    while (isWholeBatch(bytes, position)) {
      const { entry, sizeBytes } = decodeEntry(bytes, position, crc32c)
      if (entry.index !== offset + 1) throw damaged(offset, `a batch says that it begins at offset ${entry.index - 1}`)
      if (entry.term < lastEpoch) throw damaged(offset, `its epoch ${entry.term} comes after ${lastEpoch}`)
      onBatch({ offset, epoch: entry.term, records: entry.type === 'data' ? recordsOf(entry.data, offset) : [], sizeBytes })
      isAny = true
      offset += 1
      lastEpoch = entry.term
      position += sizeBytes
    }
    if (!isAny) throw damaged(offset, `no whole batch is there, and the log ends only at ${endOffset}`)
  }
}

function recordsOf(data: Uint8Array, offset: number): readonly MetadataRecord[] {
  try {
    return decodeRecords(data)
  } catch (error) {
    if (error instanceof MetadataError && error.code === METADATA_ERROR_CODES.recordTooNew) {
      throw newerVersion(`the metadata log at offset ${offset}`, error.message, error)
    }
    throw damaged(offset, reasonOf(error))
  }
}

async function readRange(log: Pick<MetadataLog, 'read'>, offset: number, endOffset: number): Promise<Uint8Array> {
  const result = log.read({ offset, maxBytes: READ_BYTES, endOffset, atLeastOneBatch: true })
  if (result.type === 'empty') return new Uint8Array(0)
  if (result.type === 'bytes') return result.bytes
  try {
    const bytes = new Uint8Array(result.sizeBytes)
    return bytes.subarray(0, await result.file.read(bytes, result.position))
  } finally {
    result.release()
  }
}

function isWholeBatch(bytes: Uint8Array, position: number): boolean {
  if (position + BATCH_HEADER_BYTES > bytes.length) return false
  const sizeBytes = batchSizeInBytes(bytes, position)
  return sizeBytes >= BATCH_HEADER_BYTES && position + sizeBytes <= bytes.length
}

function damaged(offset: number, problem: string): MetadataStorageError {
  return new MetadataStorageError(METADATA_STORAGE_ERROR_CODES.logCorrupt, `the metadata log is damaged at offset ${offset}: ${problem}`)
}
