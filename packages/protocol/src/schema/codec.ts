/**
 * From a message's description to functions that read and write one version of it. They are composed once per message and
 * version, on first use; what runs for each request is closures over primitives, with no look at the description.
 */
import { malformed, type Reader } from '../primitives/reader.ts'
import { Writer } from '../primitives/writer.ts'
import { ZERO_UUID } from '../primitives/uuid.ts'
import { ProtocolError } from '../protocol-error.ts'
import type { MessageDefinition } from './define-message.ts'
import type { Field, Fields } from './field.ts'
import { includes, parseVersionRange } from './version-range.ts'

type Read = (reader: Reader) => unknown
type Write = (writer: Writer, value: unknown) => void
type Struct = Record<string, unknown>

export interface Codec {
  readonly read: (reader: Reader) => Struct
  readonly write: (writer: Writer, value: Struct) => void
}

interface Type {
  readonly read: Read
  readonly write: Write
  /** The fewest bytes a value takes: bounds how many elements a stated count can mean. */
  readonly minBytes: number
}

const cache = new WeakMap<MessageDefinition, Codec[]>()

/** Throws a `ProtocolError` for a version the message does not have. */
export function codecFor(message: MessageDefinition, version: number): Codec {
  let codecs = cache.get(message)
  if (codecs === undefined) cache.set(message, (codecs = []))
  const known = codecs[version]
  if (known !== undefined) return known
  if (!includes(parseVersionRange(message.validVersions), version)) {
    throw new ProtocolError('ERR_PROTOCOL_UNSUPPORTED_VERSION', `${message.name} has no version ${version}`)
  }
  const isFlexible = includes(parseVersionRange(message.flexibleVersions), version)
  const codec = structCodec(message.fields, version, isFlexible, message.name)
  codecs[version] = codec
  return codec
}

function isTagged({ options }: Field, version: number): boolean {
  return options.tagged !== undefined && includes(parseVersionRange(options.tagged), version)
}

interface Member {
  readonly name: string
  readonly field: Field
  readonly type: Type
  readonly defaultValue: unknown
}

function structCodec(fields: Fields, version: number, isFlexible: boolean, path: string): Codec & Type {
  const plain: Member[] = []
  const tagged: (Member & { readonly tag: number })[] = []
  const absent: Member[] = []
  const template: Struct = {}
  for (const [name, field] of Object.entries(fields)) {
    const member = { name, field, type: typeOf(field, version, isFlexible, `${path}.${name}`), defaultValue: defaultOf(field) }
    template[name] = null
    if (!includes(parseVersionRange(field.versions), version)) absent.push(member)
    else if (isTagged(field, version)) {
      tagged.push({ ...member, tag: field.options.tag as number })
    } else plain.push(member)
  }
  tagged.sort((left, right) => left.tag - right.tag)
  const defaulted = [...absent, ...tagged]
  const taggedByNumber = new Map(tagged.map((member) => [member.tag, member]))
  const minBytes = plain.reduce((sum, member) => sum + member.type.minBytes, isFlexible ? 1 : 0)

  const readTagged = (reader: Reader, value: Struct): void => {
    let previous = -1
    for (let count = reader.unsignedVarint(); count > 0; count -= 1) {
      const tag = reader.unsignedVarint()
      if (tag <= previous) throw malformed(`${path}: tag ${tag} after ${previous}`)
      previous = tag
      const size = reader.unsignedVarint()
      const member = taggedByNumber.get(tag)
      if (member === undefined) {
        reader.skip(size)
        continue
      }
      const end = reader.position + size
      if (size > reader.remaining) throw malformed(`${path}.${member.name}: tagged field is longer than the message`)
      value[member.name] = member.type.read(reader)
      if (reader.position !== end) throw malformed(`${path}.${member.name}: tagged field has another size than stated`)
    }
  }

  const writeTagged = (writer: Writer, value: Struct): void => {
    const present = tagged.filter((member) => !isDefault(value[member.name], member.defaultValue))
    writer.unsignedVarint(present.length)
    for (const member of present) {
      const inner = new Writer()
      member.type.write(inner, value[member.name])
      writer.unsignedVarint(member.tag)
      writer.unsignedVarint(inner.sizeBytes)
      for (const chunk of inner.chunks()) writer.raw(chunk as Uint8Array)
    }
  }

  return {
    minBytes,
    read(reader) {
      const value: Struct = { ...template }
      for (const member of defaulted) value[member.name] = freshDefault(member.defaultValue)
      for (const member of plain) value[member.name] = member.type.read(reader)
      if (isFlexible) readTagged(reader, value)
      return value
    },
    write(writer, value) {
      const struct = value as Struct
      for (const member of absent) {
        if (member.field.options.ignorable === true) continue
        if (isDefault(struct[member.name], member.defaultValue)) continue
        throw new ProtocolError('ERR_PROTOCOL_UNENCODABLE', `${path}.${member.name} cannot be sent in version ${version}`)
      }
      for (const member of plain) {
        const given = struct[member.name]
        member.type.write(writer, given === undefined ? member.defaultValue : given)
      }
      if (isFlexible) writeTagged(writer, struct)
    },
  } as Codec & Type
}

function typeOf(field: Field, version: number, isFlexible: boolean, path: string): Type {
  const isNullable = field.options.nullable !== undefined && includes(parseVersionRange(field.options.nullable), version)
  const isCompact = isFlexible && field.options.flexible !== 'none'
  const type = presentTypeOf(field, version, isCompact, isNullable, path)
  if (isNullable) return type
  const { write } = type
  return {
    ...type,
    write(writer, value) {
      if (value === null) throw new ProtocolError('ERR_PROTOCOL_UNENCODABLE', `${path} must not be null in version ${version}`)
      write(writer, value)
    },
  }
}

const FIXED: { readonly [Kind in Field['kind']]?: Type } = {
  bool: fixed(
    1,
    (reader) => reader.bool(),
    (writer, value) => writer.bool(value as boolean),
  ),
  int8: fixed(
    1,
    (reader) => reader.int8(),
    (writer, value) => writer.int8(value as number),
  ),
  int16: fixed(
    2,
    (reader) => reader.int16(),
    (writer, value) => writer.int16(value as number),
  ),
  uint16: fixed(
    2,
    (reader) => reader.uint16(),
    (writer, value) => writer.uint16(value as number),
  ),
  int32: fixed(
    4,
    (reader) => reader.int32(),
    (writer, value) => writer.int32(value as number),
  ),
  uint32: fixed(
    4,
    (reader) => reader.uint32(),
    (writer, value) => writer.uint32(value as number),
  ),
  int64: fixed(
    8,
    (reader) => reader.int64(),
    (writer, value) => writer.int64(value as number),
  ),
  bigint64: fixed(
    8,
    (reader) => reader.bigint64(),
    (writer, value) => writer.bigint64(value as bigint),
  ),
  float64: fixed(
    8,
    (reader) => reader.float64(),
    (writer, value) => writer.float64(value as number),
  ),
  uuid: fixed(
    16,
    (reader) => reader.uuid(),
    (writer, value) => writer.uuid(value as string),
  ),
}

function fixed(minBytes: number, read: Read, write: Write): Type {
  return { minBytes, read, write }
}

function presentTypeOf(field: Field, version: number, isCompact: boolean, isNullable: boolean, path: string): Type {
  const simple = FIXED[field.kind]
  if (simple !== undefined) return simple
  switch (field.kind) {
    case 'string':
      return stringType(isCompact, isNullable)
    case 'bytes':
      return bytesType(isCompact, isNullable, path, true)
    case 'records':
      return bytesType(isCompact, isNullable, path, false)
    case 'array':
      return arrayType(typeOf(field.element as Field, version, isCompact, `${path}[]`), isCompact, isNullable, path)
    default:
      return structType(structCodec(field.fields as Fields, version, isCompact, path), isNullable, isTagged(field, version))
  }
}

function stringType(isCompact: boolean, isNullable: boolean): Type {
  if (isCompact) {
    return {
      minBytes: 1,
      read: isNullable ? (reader) => reader.compactNullableString() : (reader) => reader.compactString(),
      write: (writer, value) => (value === null ? writer.unsignedVarint(0) : writer.compactString(value as string)),
    }
  }
  return {
    minBytes: 2,
    read: isNullable ? (reader) => reader.nullableString() : (reader) => reader.string(),
    write: (writer, value) => (value === null ? writer.int16(-1) : writer.string(value as string)),
  }
}

/** Reads the length of bytes or an array; -1 for null. */
function lengthReader(isCompact: boolean, isNullable: boolean, path: string): (reader: Reader) => number {
  return (reader) => {
    const length = isCompact ? reader.unsignedVarint() - 1 : reader.int32()
    if (length < -1 || (length === -1 && !isNullable)) throw malformed(`${path}: length ${length}`)
    return length
  }
}

function lengthWriter(isCompact: boolean): (writer: Writer, length: number) => void {
  return isCompact ? (writer, length) => writer.unsignedVarint(length + 1) : (writer, length) => writer.int32(length)
}

function bytesType(isCompact: boolean, isNullable: boolean, path: string, isCopied: boolean): Type {
  const readLength = lengthReader(isCompact, isNullable, path)
  const writeLength = lengthWriter(isCompact)
  return {
    minBytes: isCompact ? 1 : 4,
    read(reader) {
      const length = readLength(reader)
      if (length < 0) return null
      const view = reader.slice(length)
      return isCopied ? view.slice() : view
    },
    write(writer, value) {
      if (value === null) return writeLength(writer, -1)
      if (value instanceof Uint8Array) {
        writeLength(writer, value.length)
        return writer.raw(value)
      }
      const external = value as { readonly sizeBytes: number }
      writeLength(writer, external.sizeBytes)
      writer.external(external)
    },
  }
}

function arrayType(element: Type, isCompact: boolean, isNullable: boolean, path: string): Type {
  const readLength = lengthReader(isCompact, isNullable, path)
  const writeLength = lengthWriter(isCompact)
  const elementBytes = Math.max(1, element.minBytes)
  return {
    minBytes: isCompact ? 1 : 4,
    read(reader) {
      const count = readLength(reader)
      if (count < 0) return null
      if (count * elementBytes > reader.remaining) throw malformed(`${path}: ${count} elements in ${reader.remaining} bytes`)
      const values: unknown[] = []
      for (let index = 0; index < count; index += 1) values.push(element.read(reader))
      return values
    },
    write(writer, value) {
      if (value === null) return writeLength(writer, -1)
      const values = value as readonly unknown[]
      writeLength(writer, values.length)
      for (const each of values) element.write(writer, each)
    },
  }
}

/** A struct that may be null has a byte before it: 1, or for null -1, and as a tagged field 0. */
function structType(codec: Codec & Type, isNullable: boolean, isTaggedField: boolean): Type {
  if (!isNullable) return codec
  const nullMark = isTaggedField ? 0 : -1
  return {
    minBytes: 1,
    read: (reader) => (reader.int8() <= nullMark ? null : codec.read(reader)),
    write(writer, value) {
      writer.int8(value === null ? nullMark : 1)
      if (value !== null) codec.write(writer, value as Struct)
    },
  }
}

function defaultOf(field: Field): unknown {
  const given = field.options.default
  if (given !== undefined) return given
  switch (field.kind) {
    case 'bool':
      return false
    case 'bigint64':
      return 0n
    case 'uuid':
      return ZERO_UUID
    case 'string':
      return ''
    case 'bytes':
    case 'records':
      return NO_BYTES
    case 'array':
      return NO_ELEMENTS
    case 'struct':
      return Object.fromEntries(Object.entries(field.fields as Fields).map(([name, inner]) => [name, defaultOf(inner)]))
    default:
      return 0
  }
}

const NO_BYTES = new Uint8Array(0)
const NO_ELEMENTS: readonly unknown[] = []

function freshDefault(value: unknown): unknown {
  return value === NO_ELEMENTS ? [] : value
}

function isDefault(value: unknown, defaultValue: unknown): boolean {
  if (value === undefined || value === defaultValue) return true
  if (value === null || defaultValue === null) return false
  if (value instanceof Uint8Array) return value.length === 0
  if (Array.isArray(value)) return value.length === 0
  if (typeof value !== 'object' || typeof defaultValue !== 'object') return false
  const struct = value as Struct
  return Object.entries(defaultValue as Struct).every(([name, expected]) => isDefault(struct[name], expected))
}
