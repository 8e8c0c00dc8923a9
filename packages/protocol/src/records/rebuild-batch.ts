/**
 * Writes a client's batch anew, with another codec or with what its header should have said of its records.
 *
 * The records are passed over twice and copied once, without an object for any of them: a small batch may decompress to
 * millions.
 */
import {
  ATTRIBUTES,
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  baseTimestamp,
  CODECS,
  hasLogAppendTime,
  maxTimestamp,
  updateCrc,
} from './record-batch.ts'
import type { Codec } from './record-batch.ts'
import { RecordCursor, varintSize, writeVarint } from './record-cursor.ts'

export interface RebuildInput {
  readonly codec: Codec
  readonly compress: (codec: Exclude<Codec, 'none'>, bytes: Uint8Array) => Uint8Array
  readonly crc32c: (bytes: Uint8Array) => number
}

interface Survey {
  readonly count: number
  readonly latestDelta: number
  /** Offsets count up from 0 already. */
  readonly isInOrder: boolean
  /** Of the records with the right offsets. */
  readonly sizeBytes: number
}

/** `records` are the checked, uncompressed records of the batch at `bytes[0]`. Offsets come out as 0, 1, 2 and so on. */
export function rebuildBatch(bytes: Uint8Array, records: Uint8Array, input: RebuildInput): Uint8Array {
  const survey = surveyOf(records)
  const ordered = survey.isInOrder ? records : withOffsetsInOrder(records, survey.sizeBytes)
  const body = input.codec === 'none' ? ordered : input.compress(input.codec, ordered)
  const batch = new Uint8Array(BATCH_HEADER_BYTES + body.length)
  batch.set(bytes.subarray(0, BATCH_HEADER_BYTES))
  batch.set(body, BATCH_HEADER_BYTES)
  const view = new DataView(batch.buffer)
  view.setInt32(8, batch.length - BATCH_OVERHEAD_BYTES)
  view.setInt16(21, (view.getInt16(21) & ~ATTRIBUTES.codecMask) | CODECS.indexOf(input.codec))
  view.setInt32(23, survey.count - 1)
  const latest = hasLogAppendTime(bytes, 0) ? maxTimestamp(bytes, 0) : baseTimestamp(bytes, 0) + survey.latestDelta
  view.setBigInt64(35, BigInt(latest))
  view.setInt32(57, survey.count)
  updateCrc(batch, 0, input.crc32c)
  return batch
}

function surveyOf(records: Uint8Array): Survey {
  const cursor = new RecordCursor(records)
  let count = 0
  let latestDelta = Number.NEGATIVE_INFINITY
  let isInOrder = true
  let sizeBytes = 0
  while (cursor.next()) {
    if (cursor.offsetDelta !== count) isInOrder = false
    if (cursor.timestampDelta > latestDelta) latestDelta = cursor.timestampDelta
    const size = recordSize(cursor, count)
    sizeBytes += varintSize(size) + size
    count += 1
  }
  return { count, latestDelta, isInOrder, sizeBytes }
}

function withOffsetsInOrder(records: Uint8Array, sizeBytes: number): Uint8Array {
  const ordered = new Uint8Array(sizeBytes)
  const cursor = new RecordCursor(records)
  let position = 0
  for (let index = 0; cursor.next(); index += 1) {
    position = writeVarint(ordered, position, recordSize(cursor, index))
    ordered[position++] = 0
    position = writeVarint(ordered, position, cursor.timestampDelta)
    position = writeVarint(ordered, position, index)
    ordered.set(records.subarray(cursor.contentStart, cursor.end), position)
    position += cursor.end - cursor.contentStart
  }
  return ordered
}

/** Size of the cursor's record, without its length field, when its offset is `offsetDelta`. */
function recordSize(cursor: RecordCursor, offsetDelta: number): number {
  return 1 + varintSize(cursor.timestampDelta) + varintSize(offsetDelta) + cursor.end - cursor.contentStart
}
