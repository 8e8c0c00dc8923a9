/** Records as a consumer reads them out of what one fetch brought: whole batches only, and none from before its offset. */
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  batchCrc,
  batchSizeInBytes,
  checkedBytes,
  decodeBatchHeader,
  readRecords,
} from '@millrace/protocol'
import { crc32c, createCompression } from '@millrace/runtime'

export interface ReadRecord {
  readonly offset: number
  readonly timestamp: number
  readonly value: string
}

const RECORD_BYTES_MAX = 64 * 1024 * 1024
const compression = createCompression()

/** The batches that are there in full. Throws on a wrong checksum and on bytes that are no batch. */
export function batchesOf(bytes: Uint8Array | null): readonly { readonly header: BatchHeader; readonly position: number }[] {
  const batches: { readonly header: BatchHeader; readonly position: number }[] = []
  if (bytes === null) return batches
  for (let position = 0; bytes.length - position >= BATCH_HEADER_BYTES; position += batchSizeInBytes(bytes, position)) {
    const header = decodeBatchHeader(bytes, position)
    if (header.magic !== 2 || header.sizeInBytes < BATCH_HEADER_BYTES) throw new Error(`no batch at byte ${position} of what was fetched`)
    if (header.sizeInBytes > bytes.length - position) break
    if (crc32c(checkedBytes(bytes, position)) !== batchCrc(bytes, position)) throw new Error(`batch ${header.baseOffset} has a wrong crc`)
    batches.push({ header, position })
  }
  return batches
}

export function readRecordSet(
  bytes: Uint8Array | null,
  fromOffset: number,
): { readonly records: readonly ReadRecord[]; readonly nextOffset: number } {
  const records: ReadRecord[] = []
  let nextOffset = fromOffset
  for (const { header, position } of batchesOf(bytes)) {
    nextOffset = Math.max(nextOffset, header.lastOffset + 1)
    if (header.isControl) continue
    const decoded = readRecords(bytes as Uint8Array, position, (codec, body) => compression.decompress(codec, body, RECORD_BYTES_MAX))
    for (const { offset, timestamp, value } of decoded) {
      if (offset >= fromOffset) records.push({ offset, timestamp, value: Buffer.from(value ?? new Uint8Array()).toString() })
    }
  }
  return { records, nextOffset }
}
