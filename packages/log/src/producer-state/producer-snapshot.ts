/**
 * The producers of a partition as of one offset (`.snapshot`), so that recovery need not read the whole log.
 *
 *     0 i16 version 1 | 2 u32 crc (CRC-32C of all that follows) | 6 i32 count | 10 entries
 *
 *     0 i64 producerId | 8 i16 producerEpoch | 10 i32 lastSequence | 14 i64 lastOffset | 22 i32 offsetDelta
 *     26 i64 timestamp | 34 i32 coordinatorEpoch | 38 i64 currentTxnFirstOffset
 *
 * Only the last of a producer's remembered batches is kept, as in Kafka: a retry of an older one after a restart is refused as
 * out of order, which a producer takes for a reason to begin a new epoch, never for success.
 */
import { readInt16, readInt32, readInt64, readUint32, writeInt16, writeInt32, writeInt64 } from '../integers.ts'
import { lastSequence, NO_OFFSET, type ProducerEntry } from './producer-entry.ts'

const VERSION = 1
const HEADER_BYTES = 10
const ENTRY_BYTES = 46
const CHECKED_FROM = 6

type Crc32c = (bytes: Uint8Array) => number

export function encodeProducerSnapshot(entries: Iterable<ProducerEntry>, count: number, crc32c: Crc32c): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + count * ENTRY_BYTES)
  writeInt16(bytes, 0, VERSION)
  writeInt32(bytes, CHECKED_FROM, count)
  let at = HEADER_BYTES
  for (const entry of entries) {
    const batch = entry.batches.at(-1)
    writeInt64(bytes, at, entry.producerId)
    writeInt16(bytes, at + 8, entry.producerEpoch)
    writeInt32(bytes, at + 10, lastSequence(entry))
    writeInt64(bytes, at + 14, batch?.lastOffset ?? NO_OFFSET)
    writeInt32(bytes, at + 22, batch?.offsetDelta ?? 0)
    writeInt64(bytes, at + 26, entry.lastTimestamp)
    writeInt32(bytes, at + 34, entry.coordinatorEpoch)
    writeInt64(bytes, at + 38, entry.currentTxnFirstOffset)
    at += ENTRY_BYTES
  }
  writeInt32(bytes, 2, crc32c(bytes.subarray(CHECKED_FROM)))
  return bytes
}

/** Null when the file is damaged, or of a version that is not known. */
export function decodeProducerSnapshot(bytes: Uint8Array, crc32c: Crc32c): ProducerEntry[] | null {
  if (bytes.length < HEADER_BYTES || readInt16(bytes, 0) !== VERSION) return null
  if (readUint32(bytes, 2) !== crc32c(bytes.subarray(CHECKED_FROM))) return null
  const count = readInt32(bytes, CHECKED_FROM)
  if (count < 0 || bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return null
  const entries: ProducerEntry[] = []
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) entries.push(decodeEntry(bytes, at))
  return entries
}

function decodeEntry(bytes: Uint8Array, at: number): ProducerEntry {
  const lastOffset = readInt64(bytes, at + 14)
  const timestamp = readInt64(bytes, at + 26)
  const batch = { lastSequence: readInt32(bytes, at + 10), lastOffset, offsetDelta: readInt32(bytes, at + 22), timestamp }
  return {
    producerId: readInt64(bytes, at),
    producerEpoch: readInt16(bytes, at + 8),
    coordinatorEpoch: readInt32(bytes, at + 34),
    lastTimestamp: timestamp,
    currentTxnFirstOffset: readInt64(bytes, at + 38),
    batches: lastOffset === NO_OFFSET ? [] : [batch],
  }
}
