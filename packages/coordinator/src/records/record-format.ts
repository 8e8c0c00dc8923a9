/**
 * How a coordinator's records are laid out in an internal topic: the key begins with the type of the record, which is also what
 * decides its schema, the value with the version of its schema. A record without a value is a tombstone: compaction removes what
 * stood under its key. Types that a newer version writes are read as `unknown` and left alone.
 */
import { type Decoded, decodeMessage, encodeMessage, type MessageDefinition, ProtocolError } from '@millrace/protocol'

export interface RecordFormat<
  Type extends string = string,
  Key extends MessageDefinition = MessageDefinition,
  Value extends MessageDefinition = MessageDefinition,
> {
  readonly type: Type
  /** The first two bytes of the key. */
  readonly recordType: number
  readonly key: Key
  readonly value: Value
  /** The version in which a value is written. */
  valueVersion(value: Decoded<Value>): number
}

export function defineRecord<const Type extends string, Key extends MessageDefinition, Value extends MessageDefinition>(
  format: RecordFormat<Type, Key, Value>,
): RecordFormat<Type, Key, Value> {
  return format
}

/** A record of one of the formats; `value` is null in a tombstone. */
export type TypedRecord<Format> =
  Format extends RecordFormat<infer Type, infer Key, infer Value>
    ? { readonly type: Type; readonly key: Decoded<Key>; readonly value: Decoded<Value> | null }
    : never

export interface UnknownRecord {
  readonly type: 'unknown'
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface RecordBytes {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface RecordCodec<Record> {
  encode(record: Record): RecordBytes
  /** Throws a `ProtocolError` for bytes that are damaged, and for a value that a newer version wrote under a known type. */
  decode(key: Uint8Array, value: Uint8Array | null): Record
}

export function recordCodec<const Formats extends readonly AnyFormat[]>(
  formats: Formats,
): RecordCodec<TypedRecord<Formats[number]> | UnknownRecord> {
  type Known = TypedRecord<Formats[number]>
  const byType = new Map<string, AnyFormat>(formats.map((format) => [format.type, format]))
  const byRecordType = new Map<number, AnyFormat>(formats.map((format) => [format.recordType, format]))
  return {
    encode(record) {
      if (record.type === 'unknown') return record as UnknownRecord
      const { type, key, value } = record as AnyRecord
      const format = byType.get(type) as AnyFormat
      const valueBytes = value === null ? null : versioned(format.valueVersion(value as never), format.value, value)
      return { key: prefixed(format.recordType, encodeMessage(format.key, 0, key)), value: valueBytes }
    },
    decode(key, value) {
      const format = byRecordType.get(prefixOf(key, 'record key'))
      if (format === undefined) return { type: 'unknown', key: key.slice(), value: value?.slice() ?? null }
      return {
        type: format.type,
        key: decodeMessage(format.key, 0, key.subarray(2)),
        value: value === null ? null : decodeMessage(format.value, prefixOf(value, 'record value'), value.subarray(2)),
      } as Known
    },
  }
}

/** Formats of all kinds: none of them takes the values of all. */
type AnyFormat = Omit<RecordFormat, 'valueVersion'> & { valueVersion(value: never): number }

interface AnyRecord {
  readonly type: string
  readonly key: { readonly [name: string]: unknown }
  readonly value: { readonly [name: string]: unknown } | null
}

function versioned(version: number, message: MessageDefinition, value: { readonly [name: string]: unknown }): Uint8Array {
  return prefixed(version, encodeMessage(message, version, value))
}

function prefixed(prefix: number, bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + 2)
  whole[0] = prefix >> 8
  whole[1] = prefix
  whole.set(bytes, 2)
  return whole
}

function prefixOf(bytes: Uint8Array, what: string): number {
  if (bytes.length < 2) throw new ProtocolError('ERR_PROTOCOL_MALFORMED', `${what} of ${bytes.length} bytes`)
  return (((bytes[0] as number) << 24) >> 16) | (bytes[1] as number)
}
