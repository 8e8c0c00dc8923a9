/** The records of `__consumer_offsets`: which types there are, and their bytes. A new type is one line in the list. */
import { CONSUMER_GROUP_RECORD_FORMATS } from './consumer-group-records.ts'
import { groupMetadataRecord } from './group-metadata-record.ts'
import { legacyOffsetCommitRecord, offsetCommitRecord } from './offset-commit-record.ts'
import { recordCodec, type RecordBytes, type TypedRecord, type UnknownRecord } from './record-format.ts'

export const GROUP_RECORD_FORMATS = [
  legacyOffsetCommitRecord,
  offsetCommitRecord,
  groupMetadataRecord,
  ...CONSUMER_GROUP_RECORD_FORMATS,
] as const

type KnownGroupRecord = TypedRecord<(typeof GROUP_RECORD_FORMATS)[number]>

/** `unknown` are types of newer versions: they are read over. */
export type GroupRecord = KnownGroupRecord | UnknownRecord

const codec = recordCodec(GROUP_RECORD_FORMATS)

export function encodeGroupRecord(record: GroupRecord): RecordBytes {
  return codec.encode(record)
}

/** Throws a `ProtocolError` for bytes that are damaged, and for a value that a newer version wrote under a type known here. */
export function decodeGroupRecord(key: Uint8Array, value: Uint8Array | null): GroupRecord {
  return codec.decode(key, value)
}
