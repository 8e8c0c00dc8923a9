/** Records of a batch as objects, for clients and coordinators; brokers use `RecordCursor`. */
import { RecordCursor, RecordError } from './record-cursor.ts'
import {
  baseTimestamp,
  batchBaseOffset,
  batchCodec,
  batchRecordCount,
  hasLogAppendTime,
  maxTimestamp,
  recordBytes,
} from './record-batch.ts'
import type { Codec } from './record-batch.ts'

export interface DecodedRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly { readonly key: Uint8Array; readonly value: Uint8Array | null }[]
}

export type Decompress = (codec: Exclude<Codec, 'none'>, bytes: Uint8Array) => Uint8Array

/** Keys and values are views into the batch, or into what it was decompressed to. Throws a `RecordError`. */
export function readRecords(bytes: Uint8Array, at: number, decompress: Decompress): DecodedRecord[] {
  const uncompressed = uncompressedRecords(bytes, at, decompress)
  const baseOffset = batchBaseOffset(bytes, at)
  const base = baseTimestamp(bytes, at)
  const fixedTimestamp = hasLogAppendTime(bytes, at) ? maxTimestamp(bytes, at) : null
  const cursor = new RecordCursor(uncompressed)
  const expected = batchRecordCount(bytes, at)
  const records: DecodedRecord[] = []
  while (cursor.next()) {
    records.push({
      offset: baseOffset + cursor.offsetDelta,
      timestamp: fixedTimestamp ?? base + cursor.timestampDelta,
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.headers(),
    })
  }
  if (records.length !== expected) throw new RecordError(`record batch says ${expected} records and has ${records.length}`)
  return records
}

export function uncompressedRecords(bytes: Uint8Array, at: number, decompress: Decompress): Uint8Array {
  const codec = batchCodec(bytes, at)
  if (codec === undefined) throw new RecordError('record batch with an unknown codec')
  const body = recordBytes(bytes, at)
  return codec === 'none' ? body : decompress(codec, body)
}
