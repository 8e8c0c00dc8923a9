/**
 * Batches of which only a part is left. The header stays what it was wherever readers, replicas and producers go by it: base
 * offset, last offset, leader epoch, producer and sequence. Records that are kept are copied byte for byte, unless the batch
 * gets a delete horizon, which takes the place of the base timestamp that their times are relative to.
 *
 *     8 batchLength i32 | 21 attributes i16 | 27 baseTimestamp i64 | 35 maxTimestamp i64 | 57 recordCount i32 | 61 records
 */
import {
  ATTRIBUTES,
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  baseTimestamp,
  batchAttributes,
  batchCodec,
  hasLogAppendTime,
  maxTimestamp,
  NO_TIMESTAMP,
  RecordCursor,
  updateCrc,
  varintSize,
  writeVarint,
} from '@millrace/protocol'
import type { LogEnvironment } from '../log-environment.ts'

type BatchWriting = Pick<LogEnvironment, 'compression' | 'crc32c'>

/** Records that are left of a batch. */
export interface KeptRecords {
  /** The batch's records, uncompressed. */
  readonly records: Uint8Array
  /** Where in it the kept ones lie: beginning and end of each run, in order. */
  readonly runs: readonly number[]
  readonly count: number
  /** Largest timestamp of those that are kept. */
  readonly maxTimestamp: number
}

/** When tombstones and markers of the batch may go; null while that is not decided. */
export function deleteHorizonOf(batch: Uint8Array): number | null {
  return (batchAttributes(batch, 0) & ATTRIBUTES.deleteHorizon) === 0 ? null : baseTimestamp(batch, 0)
}

/** The batch with these records only. `newHorizonMs` is null where the batch has a horizon or needs none. */
export function withRecords(writing: BatchWriting, batch: Uint8Array, kept: KeptRecords, newHorizonMs: number | null): Uint8Array {
  const body = newHorizonMs === null ? joined(kept) : rebased(batch, kept, newHorizonMs)
  const codec = batchCodec(batch, 0) ?? 'none'
  const stored = codec === 'none' ? body : writing.compression.compress(codec, body)
  return finished(writing, batch, stored, {
    attributes: batchAttributes(batch, 0) | (newHorizonMs === null ? 0 : ATTRIBUTES.deleteHorizon),
    baseTimestamp: newHorizonMs ?? baseTimestamp(batch, 0),
    maxTimestamp: hasLogAppendTime(batch, 0) ? maxTimestamp(batch, 0) : kept.maxTimestamp,
    count: kept.count,
  })
}

/** The batch without records: it says only how far its producer had come. */
export function withoutRecords(writing: BatchWriting, batch: Uint8Array): Uint8Array {
  return finished(writing, batch, new Uint8Array(0), {
    attributes: batchAttributes(batch, 0) & ~(ATTRIBUTES.codecMask | ATTRIBUTES.deleteHorizon),
    baseTimestamp: NO_TIMESTAMP,
    maxTimestamp: maxTimestamp(batch, 0),
    count: 0,
  })
}

interface HeaderChange {
  readonly attributes: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly count: number
}

function finished({ crc32c }: BatchWriting, batch: Uint8Array, stored: Uint8Array, change: HeaderChange): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + stored.length)
  bytes.set(batch.subarray(0, BATCH_HEADER_BYTES))
  bytes.set(stored, BATCH_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setInt32(8, bytes.length - BATCH_OVERHEAD_BYTES)
  view.setInt16(21, change.attributes)
  view.setBigInt64(27, BigInt(change.baseTimestamp))
  view.setBigInt64(35, BigInt(change.maxTimestamp))
  view.setInt32(57, change.count)
  updateCrc(bytes, 0, crc32c)
  return bytes
}

function joined({ records, runs }: KeptRecords): Uint8Array {
  if (runs.length === 2) return records.subarray(runs[0], runs[1])
  let sizeBytes = 0
  for (let index = 0; index < runs.length; index += 2) sizeBytes += (runs[index + 1] as number) - (runs[index] as number)
  const body = new Uint8Array(sizeBytes)
  let position = 0
  for (let index = 0; index < runs.length; index += 2) {
    const run = records.subarray(runs[index], runs[index + 1])
    body.set(run, position)
    position += run.length
  }
  return body
}

/** The kept records with their times relative to `newBase`. */
function rebased(batch: Uint8Array, { records, runs }: KeptRecords, newBase: number): Uint8Array {
  const fixedTimestamp = hasLogAppendTime(batch, 0) ? maxTimestamp(batch, 0) : null
  const base = baseTimestamp(batch, 0)
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for (let index = 0; index < runs.length; index += 2) {
    const cursor = new RecordCursor(records, runs[index], runs[index + 1])
    while (cursor.next()) {
      const part = rebasedRecord(cursor, (fixedTimestamp ?? base + cursor.timestampDelta) - newBase)
      parts.push(part)
      sizeBytes += part.length
    }
  }
  const body = new Uint8Array(sizeBytes)
  let position = 0
  for (const part of parts) {
    body.set(part, position)
    position += part.length
  }
  return body
}

function rebasedRecord(cursor: RecordCursor, timestampDelta: number): Uint8Array {
  const key = cursor.key()
  const value = cursor.value()
  const headers = cursor.bytes.subarray(cursor.headersStart, cursor.end)
  const fields = [timestampDelta, cursor.offsetDelta, cursor.keyLength, cursor.valueLength, cursor.headerCount]
  let size = 1 + (key?.length ?? 0) + (value?.length ?? 0) + headers.length
  for (const field of fields) size += varintSize(field)
  const bytes = new Uint8Array(varintSize(size) + size)
  let at = writeVarint(bytes, 0, size) + 1
  at = writeVarint(bytes, at, timestampDelta)
  at = writeVarint(bytes, at, cursor.offsetDelta)
  for (const part of [key, value]) {
    at = writeVarint(bytes, at, part?.length ?? -1)
    if (part === null) continue
    bytes.set(part, at)
    at += part.length
  }
  at = writeVarint(bytes, at, cursor.headerCount)
  bytes.set(headers, at)
  return bytes
}
