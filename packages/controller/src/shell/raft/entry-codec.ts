/**
 * Raft's entries as the log keeps them: one entry is one Kafka record batch of one record, so that offset = index - 1 and the
 * batch's leader epoch = term.
 *
 * | part of the record | what                                                                     |
 * | ------------------ | ------------------------------------------------------------------------ |
 * | key                | 1 byte, the entry's type: 1 data, 2 no-op, 3 membership                  |
 * | value              | data: the bytes; no-op: empty; membership: 1 byte version, then a schema |
 * | header `at`        | index, term, index of the first entry written with it; 8 bytes each      |
 *
 * Offset and leader epoch lie outside a batch's checksum, because Kafka's leaders stamp them. Raft decides elections by them,
 * so the header has them again, under the checksum, and an entry whose two places differ is damaged. What was written together
 * was not durable in any part before it was as a whole: recovery tells by that whether a crash can have left what it finds.
 */
import {
  array,
  batchBaseOffset,
  batchCrc,
  batchSizeInBytes,
  buildBatch,
  checkedBytes,
  decodeMessage,
  defineMessage,
  encodeMessage,
  MAGIC,
  partitionLeaderEpoch,
  readRecords,
  type DecodedRecord,
  string,
} from '@millrace/protocol'
import { type Entry, type LogPosition, type Membership, membershipOf } from 'raft-ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, newerVersion, reasonOf } from '../errors.ts'

type Crc32c = (bytes: Uint8Array) => number

const TYPE_NUMBERS: Readonly<Record<Entry['type'], number>> = { data: 1, noop: 2, membership: 3 }
const TYPE_MAX = 3
const POSITION_HEADER = new TextEncoder().encode('at')
const POSITION_BYTES = 24
/** The checksum does not cover it. */
const MAGIC_POSITION = 16
const MEMBERSHIP_VERSION = 0

const membershipSchema = defineMessage({
  name: 'Membership',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: { voters: array('0+', string('0+')), learners: array('0+', string('0+')) },
})

export interface StoredEntry {
  readonly entry: Entry
  /** Index of the first entry of the write that it was part of. */
  readonly writeIndex: number
  /** What it takes in the log. */
  readonly sizeBytes: number
}

export interface EntryEncoding {
  readonly timestamp: number
  readonly writeIndex: number
  readonly crc32c: Crc32c
}

export function encodeEntry(entry: Entry, { timestamp, writeIndex, crc32c }: EntryEncoding): Uint8Array {
  const headers = [{ key: POSITION_HEADER, value: positionBytes(entry, writeIndex) }]
  const record = { timestamp, key: Uint8Array.of(TYPE_NUMBERS[entry.type]), value: valueOf(entry), headers }
  return buildBatch({ records: [record], baseOffset: entry.index - 1, partitionLeaderEpoch: entry.term, crc32c })
}

/** Reads the batch at `position`, which is there as a whole. Throws a `MetadataStorageError` for what `encodeEntry` does not make. */
export function decodeEntry(bytes: Uint8Array, position: number, crc32c: Crc32c): StoredEntry {
  const baseOffset = batchBaseOffset(bytes, position)
  const sizeBytes = batchSizeInBytes(bytes, position)
  const batch = bytes.subarray(position, position + sizeBytes)
  if (!hasRightChecksum(batch, crc32c)) throw corruptEntry(baseOffset, 'a batch is not what its checksum says')
  try {
    return { ...entryOf(batch, baseOffset), sizeBytes }
  } catch (error) {
    if (error instanceof MetadataStorageError) throw error
    throw corruptEntry(baseOffset, reasonOf(error), error)
  }
}

/** Of a batch that is there as a whole. */
export function hasRightChecksum(batch: Uint8Array, crc32c: Crc32c): boolean {
  return batch[MAGIC_POSITION] === MAGIC && batchCrc(batch, 0) === crc32c(checkedBytes(batch, 0))
}

export function encodeMembership({ voters, learners }: Membership): Uint8Array {
  const body = encodeMessage(membershipSchema, MEMBERSHIP_VERSION, { voters, learners })
  const bytes = new Uint8Array(1 + body.length)
  bytes[0] = MEMBERSHIP_VERSION
  bytes.set(body, 1)
  return bytes
}

/** The checksum around the bytes was compared before: a version that is unknown is a newer build's. */
export function decodeMembership(bytes: Uint8Array, where: string): Membership {
  const version = bytes[0] ?? -1
  if (version > MEMBERSHIP_VERSION) throw newerVersion(where, `a membership has version ${version}`)
  const { voters, learners } = decodeMessage(membershipSchema, MEMBERSHIP_VERSION, bytes.subarray(1))
  return membershipOf(voters, learners)
}

export function corruptEntry(offset: number, problem: string, cause?: unknown): MetadataStorageError {
  const message = `the metadata log is damaged at offset ${offset}: ${problem}`
  return new MetadataStorageError(METADATA_STORAGE_ERROR_CODES.logCorrupt, message, { cause })
}

function entryOf(batch: Uint8Array, baseOffset: number): Omit<StoredEntry, 'sizeBytes'> {
  const records = readRecords(batch, 0, () => {
    throw new TypeError('metadata batches are not compressed')
  })
  const [record] = records
  if (record === undefined || records.length !== 1) throw new TypeError(`a batch has ${records.length} records`)
  const at: LogPosition = { index: baseOffset + 1, term: partitionLeaderEpoch(batch, 0) }
  const writeIndex = writeIndexOf(record, at)
  const value = record.value ?? new Uint8Array(0)
  return { entry: typedEntry(at, record.key?.[0] ?? 0, value), writeIndex }
}

function typedEntry(at: LogPosition, type: number, value: Uint8Array): Entry {
  const where = `the metadata log at offset ${at.index - 1}`
  switch (type) {
    case TYPE_NUMBERS.data:
      return { ...at, type: 'data', data: value }
    case TYPE_NUMBERS.noop:
      return { ...at, type: 'noop' }
    case TYPE_NUMBERS.membership:
      return { ...at, type: 'membership', membership: decodeMembership(value, where) }
    default:
      if (type > TYPE_MAX) throw newerVersion(where, `an entry has type ${type}`)
      throw new TypeError('an entry has no type')
  }
}

/** Throws when the entry belongs elsewhere. */
function writeIndexOf(record: DecodedRecord, { index, term }: LogPosition): number {
  const value = record.headers[0]?.value
  if (value == null || value.length !== POSITION_BYTES) throw new TypeError('an entry does not say where it belongs')
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const [ownIndex, ownTerm] = [Number(view.getBigInt64(0)), Number(view.getBigInt64(8))]
  if (ownIndex === index && ownTerm === term) return Number(view.getBigInt64(16))
  throw new TypeError(`an entry of index ${ownIndex} and epoch ${ownTerm} is where index ${index} of epoch ${term} is to be`)
}

function positionBytes({ index, term }: LogPosition, writeIndex: number): Uint8Array {
  const bytes = new Uint8Array(POSITION_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, BigInt(index))
  view.setBigInt64(8, BigInt(term))
  view.setBigInt64(16, BigInt(writeIndex))
  return bytes
}

function valueOf(entry: Entry): Uint8Array {
  switch (entry.type) {
    case 'data':
      return entry.data
    case 'noop':
      return new Uint8Array(0)
    case 'membership':
      return encodeMembership(entry.membership)
  }
}
