/** Reads batches of the metadata log for those who follow it from another node. */
import type { ReadOptions, ReadResult } from '@millrace/log'
import { BATCH_HEADER_BYTES, batchBaseOffset, batchSizeInBytes, partitionLeaderEpoch } from '@millrace/protocol'
import type { MetadataBatch } from './metadata-fetch.ts'

/** The part of the metadata log that is read. */
export interface CommittedLog {
  readonly logStartOffset: number
  read(options: ReadOptions): ReadResult
}

export interface CommittedRange {
  readonly fromOffset: number
  /** Of what is committed. */
  readonly endOffset: number
  /** The first batch comes even if it is larger. */
  readonly maxBytes: number
}

/** The bytes are the caller's. */
export async function readCommitted(log: CommittedLog, { fromOffset, endOffset, maxBytes }: CommittedRange): Promise<MetadataBatch[]> {
  const bytes = await readRange(log, { offset: fromOffset, endOffset, maxBytes, atLeastOneBatch: true })
  const batches: MetadataBatch[] = []
  let position = 0
  while (position + BATCH_HEADER_BYTES <= bytes.length) {
    const sizeBytes = batchSizeInBytes(bytes, position)
    const offset = batchBaseOffset(bytes, position)
    // The range may end in the midst of a batch.
    if (sizeBytes < BATCH_HEADER_BYTES || position + sizeBytes > bytes.length || offset >= endOffset) break
    batches.push({ offset, epoch: partitionLeaderEpoch(bytes, position), bytes: bytes.slice(position, position + sizeBytes) })
    position += sizeBytes
  }
  return batches
}

async function readRange(log: CommittedLog, options: ReadOptions): Promise<Uint8Array> {
  const result = log.read(options)
  if (result.type === 'empty') return new Uint8Array(0)
  if (result.type === 'bytes') return result.bytes
  try {
    const bytes = new Uint8Array(result.sizeBytes)
    return bytes.subarray(0, await result.file.read(bytes, result.position))
  } finally {
    result.release()
  }
}
