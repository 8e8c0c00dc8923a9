/**
 * The file format of a metadata snapshot.
 *
 * | bytes | what                                                                |
 * | ----- | ------------------------------------------------------------------- |
 * | 8     | "MILLSNAP"                                                          |
 * | 4     | CRC-32C of all that follows                                         |
 * | 4     | version of this format: 2                                           |
 * | 4     | size of the header                                                  |
 * | n     | header: cluster id, last offset, epoch, members, record count       |
 * | ...   | the image's records in canonical order: 4 bytes of size, then bytes |
 *
 * To change it: tagged fields in the header for what old builds may ignore, a new version for everything else. The first
 * three never change, so that a build can tell damage from a version that it does not know.
 */
import {
  applyRecords,
  type ClusterImage,
  decodeRecord,
  emptyImage,
  encodeRecord,
  imageRecords,
  METADATA_ERROR_CODES,
  MetadataError,
} from '@millrace/metadata'
import { array, decodeMessage, defineMessage, encodeMessage, int32, int64, string } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import { EMPTY_MEMBERSHIP, type Membership, membershipOf } from 'raft-ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, newerVersion, reasonOf } from './errors.ts'

const MAGIC = Array.from('MILLSNAP', (letter) => letter.charCodeAt(0))
const FORMAT_VERSION = 2
const CRC_POSITION = 8
const VERSION_POSITION = 12
const HEADER_SIZE_POSITION = 16
const HEADER_POSITION = 20
const SIZE_BYTES = 4
/** A large image is encoded in turns of about this length, between which the process does its other work. */
const TURN_MS = 5
const RECORDS_PER_LOOK_AT_THE_CLOCK = 64

type Crc32c = (bytes: Uint8Array) => number

const header = defineMessage({
  name: 'MetadataSnapshotHeader',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    clusterId: string('0+'),
    offset: int64('0+'),
    epoch: int32('0+'),
    voters: array('0+', string('0+')),
    learners: array('0+', string('0+')),
    recordCount: int32('0+'),
  },
})

export interface StoredSnapshot {
  readonly image: ClusterImage
  /** Who made up the quorum there. Committed. */
  readonly membership: Membership
}

export interface SnapshotEncoding {
  readonly crc32c: Crc32c
  readonly clock: Pick<Clock, 'monotonic' | 'defer'>
}

export async function encodeSnapshot(
  image: ClusterImage,
  { crc32c, clock }: SnapshotEncoding,
  { voters, learners }: Membership = EMPTY_MEMBERSHIP,
): Promise<Uint8Array> {
  const records: Uint8Array[] = []
  let recordBytes = 0
  let turnStart = clock.monotonic()
  for (const record of imageRecords(image)) {
    const bytes = encodeRecord(record)
    records.push(bytes)
    recordBytes += SIZE_BYTES + bytes.length
    if (records.length % RECORDS_PER_LOOK_AT_THE_CLOCK !== 0 || clock.monotonic() - turnStart < TURN_MS) continue
    await new Promise<void>((resolve) => clock.defer(resolve))
    turnStart = clock.monotonic()
  }
  const { clusterId, offset, epoch } = image
  const headerBytes = encodeMessage(header, 0, { clusterId, offset, epoch, voters, learners, recordCount: records.length })
  const bytes = new Uint8Array(HEADER_POSITION + headerBytes.length + recordBytes)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setInt32(VERSION_POSITION, FORMAT_VERSION)
  view.setInt32(HEADER_SIZE_POSITION, headerBytes.length)
  bytes.set(headerBytes, HEADER_POSITION)
  let position = HEADER_POSITION + headerBytes.length
  for (const record of records) {
    view.setInt32(position, record.length)
    bytes.set(record, position + SIZE_BYTES)
    position += SIZE_BYTES + record.length
  }
  view.setUint32(CRC_POSITION, crc32c(bytes.subarray(VERSION_POSITION)))
  return bytes
}

/** Throws a `MetadataStorageError` for anything but a whole, unharmed snapshot of a version that this build knows. */
export function decodeSnapshot(bytes: Uint8Array, path: string, crc32c: Crc32c): StoredSnapshot {
  const corrupt = (problem: string, cause?: unknown): MetadataStorageError =>
    new MetadataStorageError(METADATA_STORAGE_ERROR_CODES.snapshotCorrupt, `the metadata snapshot ${path} cannot be read: ${problem}`, {
      cause,
    })
  if (bytes.length < HEADER_POSITION || MAGIC.some((byte, index) => bytes[index] !== byte)) throw corrupt('it is no snapshot')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(CRC_POSITION) !== crc32c(bytes.subarray(VERSION_POSITION))) throw corrupt('its checksum does not match')
  const version = view.getInt32(VERSION_POSITION)
  if (version > FORMAT_VERSION) {
    throw newerVersion(`the metadata snapshot ${path}`, `it has format version ${version}, this build reads ${FORMAT_VERSION}`)
  }
  if (version < FORMAT_VERSION) throw corrupt(`format version ${version} is not read any more`)
  try {
    return decodeBody(bytes, view)
  } catch (error) {
    if (error instanceof MetadataError && error.code === METADATA_ERROR_CODES.recordTooNew) {
      throw newerVersion(`the metadata snapshot ${path}`, error.message, error)
    }
    throw corrupt(reasonOf(error), error)
  }
}

function decodeBody(bytes: Uint8Array, view: DataView): StoredSnapshot {
  const headerEnd = HEADER_POSITION + view.getInt32(HEADER_SIZE_POSITION)
  const { clusterId, offset, epoch, voters, learners, recordCount } = decodeMessage(header, 0, bytes.subarray(HEADER_POSITION, headerEnd))
  const records = []
  let position = headerEnd
  while (position < bytes.length) {
    const end = position + SIZE_BYTES + view.getInt32(position)
    if (end <= position || end > bytes.length) throw new RangeError(`a record ends at ${end} of ${bytes.length} bytes`)
    records.push(decodeRecord(bytes.subarray(position + SIZE_BYTES, end)))
    position = end
  }
  if (records.length !== recordCount) throw new RangeError(`it has ${records.length} records and says ${recordCount}`)
  const { image } = applyRecords(emptyImage(clusterId), records, { offset: 0, epoch })
  return { image: { ...image, offset, epoch }, membership: membershipOf(voters, learners) }
}
