/**
 * The records of one batch as one run of bytes, which is what an entry of the metadata log holds.
 *
 * | bytes | what                          |
 * | ----- | ----------------------------- |
 * | 4     | size of the record that comes |
 * | n     | the record, see record-codec  |
 *
 * and so on until the end. Nothing else is in it: how the whole changes is up to its records.
 */
import { METADATA_ERROR_CODES, MetadataError } from '../errors.ts'
import type { MetadataRecord } from './metadata-record.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'

const SIZE_BYTES = 4

export function encodeRecords(records: readonly MetadataRecord[]): Uint8Array {
  const encoded = records.map(encodeRecord)
  const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + SIZE_BYTES + length, 0))
  const view = new DataView(bytes.buffer)
  let position = 0
  for (const record of encoded) {
    view.setInt32(position, record.length)
    bytes.set(record, position + SIZE_BYTES)
    position += SIZE_BYTES + record.length
  }
  return bytes
}

/** Throws a `MetadataError` for anything that `encodeRecords` of this build does not make. */
export function decodeRecords(bytes: Uint8Array): readonly MetadataRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: MetadataRecord[] = []
  let position = 0
  while (position < bytes.length) {
    const begin = position + SIZE_BYTES
    const end = begin <= bytes.length ? begin + view.getInt32(position) : -1
    if (end < begin || end > bytes.length) throw cut(position, bytes.length)
    records.push(decodeRecord(bytes.subarray(begin, end)))
    position = end
  }
  return records
}

function cut(position: number, length: number): MetadataError {
  const message = `unreadable metadata batch: the record at byte ${position} does not end within its ${length} bytes`
  return new MetadataError(METADATA_ERROR_CODES.recordUnreadable, message)
}
