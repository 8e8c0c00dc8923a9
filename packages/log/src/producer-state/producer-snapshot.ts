/**
 * The producers of a partition as of one offset (`.snapshot`), so that recovery need not read the whole log.
 *
 *     0 i16 version 1 | 2 u32 crc (CRC-32C of all that follows) | 6 i32 count | 10 entries
 *
 *     0 i64 producerId | 8 i16 producerEpoch | 10 i32 lastSequence | 14 i64 lastOffset | 22 i32 offsetDelta
 *     26 i64 timestamp | 34 i32 coordinatorEpoch | 38 i64 currentTxnFirstOffset
 *
 * A producer has an entry for each of its remembered batches, oldest first. Kafka writes the last one alone and reads the last one
 * of several; but then a retry of an older batch after a restart is refused as out of order, which a producer takes for a reason to
 * send it again in a new epoch, and what was stored before is stored twice.
 */
import { readInt16, readInt32, readInt64, readUint32, writeInt16, writeInt32, writeInt64 } from '../integers.ts'
import { NO_OFFSET, type ProducerEntry, type RememberedBatch } from './producer-entry.ts'
import { NO_SEQUENCE } from './sequence.ts'

const VERSION = 1
const HEADER_BYTES = 10
const ENTRY_BYTES = 46
const CHECKED_FROM = 6

type Crc32c = (bytes: Uint8Array) => number

export function encodeProducerSnapshot(producers: Iterable<ProducerEntry>, crc32c: Crc32c): Uint8Array {
  const entries = [...producers].flatMap(entriesOf)
  const bytes = new Uint8Array(HEADER_BYTES + entries.length * ENTRY_BYTES)
  writeInt16(bytes, 0, VERSION)
  writeInt32(bytes, CHECKED_FROM, entries.length)
  let at = HEADER_BYTES
  for (const { producer, batch } of entries) {
    writeInt64(bytes, at, producer.producerId)
    writeInt16(bytes, at + 8, producer.producerEpoch)
    writeInt32(bytes, at + 10, batch?.lastSequence ?? NO_SEQUENCE)
    writeInt64(bytes, at + 14, batch?.lastOffset ?? NO_OFFSET)
    writeInt32(bytes, at + 22, batch?.offsetDelta ?? 0)
    writeInt64(bytes, at + 26, batch === producer.batches.at(-1) ? producer.lastTimestamp : (batch?.timestamp ?? -1))
    writeInt32(bytes, at + 34, producer.coordinatorEpoch)
    writeInt64(bytes, at + 38, producer.currentTxnFirstOffset)
    at += ENTRY_BYTES
  }
  writeInt32(bytes, 2, crc32c(bytes.subarray(CHECKED_FROM)))
  return bytes
}

interface SnapshotEntry {
  readonly producer: ProducerEntry
  readonly batch: RememberedBatch | undefined
}

function entriesOf(producer: ProducerEntry): readonly SnapshotEntry[] {
  const { batches } = producer
  return batches.length === 0 ? [{ producer, batch: undefined }] : batches.map((batch) => ({ producer, batch }))
}

/** Null when the file is damaged, or of a version that is not known. */
export function decodeProducerSnapshot(bytes: Uint8Array, crc32c: Crc32c): ProducerEntry[] | null {
  if (bytes.length < HEADER_BYTES || readInt16(bytes, 0) !== VERSION) return null
  if (readUint32(bytes, 2) !== crc32c(bytes.subarray(CHECKED_FROM))) return null
  const count = readInt32(bytes, CHECKED_FROM)
  if (count < 0 || bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return null
  const producers: ProducerEntry[] = []
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const entry = decodeEntry(bytes, at)
    const before = producers.at(-1)
    const isSame = before?.producerId === entry.producerId && before.producerEpoch === entry.producerEpoch
    if (isSame) producers[producers.length - 1] = { ...entry, batches: [...before.batches, ...entry.batches] }
    else producers.push(entry)
  }
  return producers
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
