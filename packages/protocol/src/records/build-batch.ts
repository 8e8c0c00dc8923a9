/** Makes record batches: for clients, for coordinators, and for a leader that has to write a client's batch anew. */
import {
  ATTRIBUTES,
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  CODECS,
  MAGIC,
  setBaseOffset,
  setPartitionLeaderEpoch,
  updateCrc,
} from './record-batch.ts'
import type { Codec } from './record-batch.ts'
import { varintSize, writeVarint } from './record-cursor.ts'

export interface RecordInput {
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly { readonly key: Uint8Array; readonly value: Uint8Array | null }[]
  /** Relative to the batch; by default the record's place in it. */
  readonly offsetDelta?: number
}

export interface BatchInput {
  readonly records: readonly RecordInput[]
  readonly baseOffset?: number
  readonly partitionLeaderEpoch?: number
  readonly codec?: Codec
  readonly compress?: (codec: Exclude<Codec, 'none'>, bytes: Uint8Array) => Uint8Array
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  readonly crc32c: (bytes: Uint8Array) => number
}

/** One batch. `records` must not be empty. */
export function buildBatch(input: BatchInput): Uint8Array {
  const { records } = input
  const first = records[0]
  if (first === undefined) throw new RangeError('a batch needs a record')
  const baseTimestamp = first.timestamp
  let maxTimestamp = first.timestamp
  let bodyBytes = 0
  const sizes = records.map((record, index) => {
    const size = recordSize(record, record.timestamp - baseTimestamp, record.offsetDelta ?? index)
    maxTimestamp = Math.max(maxTimestamp, record.timestamp)
    bodyBytes += size + varintSize(size)
    return size
  })
  const codec = input.codec ?? 'none'
  let batch = new Uint8Array(BATCH_HEADER_BYTES + bodyBytes)
  let position = BATCH_HEADER_BYTES
  records.forEach((record, index) => {
    position = writeVarint(batch, position, sizes[index] as number)
    position = writeRecord(batch, position, record, record.timestamp - baseTimestamp, record.offsetDelta ?? index)
  })
  if (codec !== 'none') {
    if (input.compress === undefined) throw new RangeError(`no compressor for ${codec}`)
    const compressed = input.compress(codec, batch.subarray(BATCH_HEADER_BYTES))
    batch = new Uint8Array(BATCH_HEADER_BYTES + compressed.length)
    batch.set(compressed, BATCH_HEADER_BYTES)
  }
  const last = records[records.length - 1] as RecordInput
  const view = new DataView(batch.buffer)
  setBaseOffset(batch, 0, input.baseOffset ?? 0)
  view.setInt32(8, batch.length - BATCH_OVERHEAD_BYTES)
  setPartitionLeaderEpoch(batch, 0, input.partitionLeaderEpoch ?? -1)
  view.setInt8(16, MAGIC)
  view.setInt16(
    21,
    CODECS.indexOf(codec) |
      (input.isTransactional === true ? ATTRIBUTES.transactional : 0) |
      (input.isControl === true ? ATTRIBUTES.control : 0),
  )
  view.setInt32(23, last.offsetDelta ?? records.length - 1)
  view.setBigInt64(27, BigInt(baseTimestamp))
  view.setBigInt64(35, BigInt(maxTimestamp))
  view.setBigInt64(43, BigInt(input.producerId ?? -1))
  view.setInt16(51, input.producerEpoch ?? -1)
  view.setInt32(53, input.baseSequence ?? -1)
  view.setInt32(57, records.length)
  updateCrc(batch, 0, input.crc32c)
  return batch
}

/** Size of a record without its length field. */
function recordSize(record: RecordInput, timestampDelta: number, offsetDelta: number): number {
  let size = 1 + varintSize(timestampDelta) + varintSize(offsetDelta) + sizedBytes(record.key) + sizedBytes(record.value)
  const headers = record.headers ?? []
  size += varintSize(headers.length)
  for (const header of headers) size += sizedBytes(header.key) + sizedBytes(header.value)
  return size
}

function sizedBytes(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length
}

function writeRecord(into: Uint8Array, at: number, record: RecordInput, timestampDelta: number, offsetDelta: number): number {
  let position = at
  into[position++] = 0
  position = writeVarint(into, position, timestampDelta)
  position = writeVarint(into, position, offsetDelta)
  position = writeSized(into, position, record.key)
  position = writeSized(into, position, record.value)
  const headers = record.headers ?? []
  position = writeVarint(into, position, headers.length)
  for (const header of headers) {
    position = writeSized(into, position, header.key)
    position = writeSized(into, position, header.value)
  }
  return position
}

function writeSized(into: Uint8Array, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(into, at, -1)
  const position = writeVarint(into, at, bytes.length)
  into.set(bytes, position)
  return position + bytes.length
}
