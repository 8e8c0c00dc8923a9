/**
 * Reads the metadata log from an offset to its end. Everything is checked: what the log believed when it was opened (it looks
 * only at what a crash may have cut) is not enough for what all else is built on.
 *
 * Many batches are handed over as one where they have the same epoch, because making an image costs more than applying a
 * record to it. Nobody can tell the difference: all of it is committed, and nobody has seen an image yet.
 */
import { BATCH_HEADER_BYTES, batchSizeInBytes } from '@millrace/protocol'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError } from './errors.ts'
import type { MetadataLog } from './metadata-log.ts'
import type { CommittedBatch } from './metadata-quorum.ts'
import { fromRecordBatch } from './record-batches.ts'

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
    let run: CommittedBatch[] = []
    let position = 0
    while (isWholeBatch(bytes, position)) {
      const batch = fromRecordBatch(bytes, position, crc32c)
      // Neither is covered by the checksum, because leaders stamp them.
      if (batch.baseOffset !== offset) throw damaged(offset, `a batch says that it begins at offset ${batch.baseOffset}`)
      if (batch.epoch < lastEpoch) throw damaged(offset, `its epoch ${batch.epoch} comes after ${lastEpoch}`)
      if (batch.epoch > lastEpoch && run.length > 0) {
        onBatch(joined(run))
        run = []
      }
      run.push(batch)
      offset += batch.records.length
      lastEpoch = batch.epoch
      position += batch.sizeBytes
    }
    if (run.length === 0) throw damaged(offset, `no whole batch is there, and the log ends only at ${endOffset}`)
    onBatch(joined(run))
  }
}

/** Of one or more batches that follow each other. */
function joined(run: readonly CommittedBatch[]): CommittedBatch {
  const records = run.flatMap((batch) => batch.records)
  const sizeBytes = run.reduce((sum, batch) => sum + batch.sizeBytes, 0)
  return { ...(run[0] as CommittedBatch), records, sizeBytes }
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
