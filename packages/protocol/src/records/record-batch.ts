/**
 * Views of record batches (magic 2) where they lie: in a frame, in a file's slice, in a buffer of ours. Nothing here copies or
 * allocates; a batch is named by the bytes it lies in and the position of its first one.
 *
 *  0 baseOffset i64 | 8 batchLength i32 (bytes after this field) | 12 partitionLeaderEpoch i32 | 16 magic i8 | 17 crc u32
 * 21 attributes i16 | 23 lastOffsetDelta i32 | 27 baseTimestamp i64 | 35 maxTimestamp i64 | 43 producerId i64
 * 51 producerEpoch i16 | 53 baseSequence i32 | 57 recordCount i32 | 61 records
 *
 * The crc (CRC-32C) covers bytes 21 to the end, so the leader stamps offset and epoch without touching it.
 */
export const BATCH_HEADER_BYTES = 61
/** What comes before the part that `batchLength` counts. */
export const BATCH_OVERHEAD_BYTES = 12
export const MAGIC = 2
export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_TIMESTAMP = -1

const OFFSET = {
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const

export const ATTRIBUTES = {
  codecMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
  unusedMask: 0xff80,
} as const

/** By the number in the attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof CODECS)[number]

const TWO_TO_32 = 4_294_967_296

function readInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number)
}

function readInt32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
}

/** Rounded where it is beyond the safe integers; `isSafeInt64` tells. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * TWO_TO_32 + (readInt32(bytes, at + 4) >>> 0)
}

function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_TO_32)
  writeInt32(bytes, at, high)
  writeInt32(bytes, at + 4, (value - high * TWO_TO_32) | 0)
}

export function batchBaseOffset(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at)
}

export function setBaseOffset(bytes: Uint8Array, at: number, offset: number): void {
  writeInt64(bytes, at, offset)
}

/** Size of the whole batch, header included. Meaningless, also negative, where there is no batch. */
export function batchSizeInBytes(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + OFFSET.length) + BATCH_OVERHEAD_BYTES
}

export function partitionLeaderEpoch(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + OFFSET.leaderEpoch)
}

export function setPartitionLeaderEpoch(bytes: Uint8Array, at: number, epoch: number): void {
  writeInt32(bytes, at + OFFSET.leaderEpoch, epoch)
}

export function batchMagic(bytes: Uint8Array, at: number): number {
  return bytes[at + OFFSET.magic] as number
}

export function batchCrc(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + OFFSET.crc) >>> 0
}

/** The bytes that the crc covers. */
export function checkedBytes(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(at + OFFSET.attributes, at + batchSizeInBytes(bytes, at))
}

/** After a change of what the crc covers. */
export function updateCrc(bytes: Uint8Array, at: number, crc32c: (bytes: Uint8Array) => number): void {
  writeInt32(bytes, at + OFFSET.crc, crc32c(checkedBytes(bytes, at)) | 0)
}

export function batchAttributes(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + OFFSET.attributes) & 0xffff
}

export function isTransactional(bytes: Uint8Array, at: number): boolean {
  return (batchAttributes(bytes, at) & ATTRIBUTES.transactional) !== 0
}

export function isControl(bytes: Uint8Array, at: number): boolean {
  return (batchAttributes(bytes, at) & ATTRIBUTES.control) !== 0
}

export function hasLogAppendTime(bytes: Uint8Array, at: number): boolean {
  return (batchAttributes(bytes, at) & ATTRIBUTES.logAppendTime) !== 0
}

/** Undefined for a codec number that does not exist. */
export function batchCodec(bytes: Uint8Array, at: number): Codec | undefined {
  return CODECS[batchAttributes(bytes, at) & ATTRIBUTES.codecMask]
}

export function lastOffsetDelta(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + OFFSET.lastOffsetDelta)
}

export function batchLastOffset(bytes: Uint8Array, at: number): number {
  return batchBaseOffset(bytes, at) + lastOffsetDelta(bytes, at)
}

export function baseTimestamp(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + OFFSET.baseTimestamp)
}

export function maxTimestamp(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + OFFSET.maxTimestamp)
}

/** Stamps the broker's time on all records of the batch, and makes the crc right again. */
export function setLogAppendTime(bytes: Uint8Array, at: number, timeMs: number, crc32c: (bytes: Uint8Array) => number): void {
  writeInt64(bytes, at + OFFSET.maxTimestamp, timeMs)
  bytes[at + OFFSET.attributes + 1] = (bytes[at + OFFSET.attributes + 1] as number) | ATTRIBUTES.logAppendTime
  updateCrc(bytes, at, crc32c)
}

export function batchProducerId(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + OFFSET.producerId)
}

export function batchProducerEpoch(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + OFFSET.producerEpoch)
}

export function batchBaseSequence(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + OFFSET.baseSequence)
}

/** Sequence of the last record; sequences wrap from 2^31-1 to 0. */
export function batchLastSequence(bytes: Uint8Array, at: number): number {
  const base = batchBaseSequence(bytes, at)
  return base < 0 ? NO_SEQUENCE : addToSequence(base, lastOffsetDelta(bytes, at))
}

export function addToSequence(sequence: number, increment: number): number {
  return (sequence + increment) % 2_147_483_648
}

export function batchRecordCount(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + OFFSET.recordCount)
}

/** What follows the header: records, or with a codec their compressed form. */
export function recordBytes(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(at + BATCH_HEADER_BYTES, at + batchSizeInBytes(bytes, at))
}

/** A batch's header as an object, for code that is not on the way of every request. */
export interface BatchHeader {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly sizeInBytes: number
  readonly partitionLeaderEpoch: number
  readonly magic: number
  readonly crc: number
  readonly codec: Codec | undefined
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly hasLogAppendTime: boolean
  readonly hasDeleteHorizon: boolean
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

export function decodeBatchHeader(bytes: Uint8Array, at: number): BatchHeader {
  const attributes = batchAttributes(bytes, at)
  return {
    baseOffset: batchBaseOffset(bytes, at),
    lastOffset: batchLastOffset(bytes, at),
    sizeInBytes: batchSizeInBytes(bytes, at),
    partitionLeaderEpoch: partitionLeaderEpoch(bytes, at),
    magic: batchMagic(bytes, at),
    crc: batchCrc(bytes, at),
    codec: batchCodec(bytes, at),
    isTransactional: (attributes & ATTRIBUTES.transactional) !== 0,
    isControl: (attributes & ATTRIBUTES.control) !== 0,
    hasLogAppendTime: (attributes & ATTRIBUTES.logAppendTime) !== 0,
    hasDeleteHorizon: (attributes & ATTRIBUTES.deleteHorizon) !== 0,
    baseTimestamp: baseTimestamp(bytes, at),
    maxTimestamp: maxTimestamp(bytes, at),
    producerId: batchProducerId(bytes, at),
    producerEpoch: batchProducerEpoch(bytes, at),
    baseSequence: batchBaseSequence(bytes, at),
    recordCount: batchRecordCount(bytes, at),
  }
}
