/** Well-formed requests with the values that programs get wrong: extremes, empty, null, absurd, and names of topics that exist. */
import { buildBatch, crc32cByTables, type Field, type Fields, type MessageDefinition, uuidFromBytes, ZERO_UUID } from '@millrace/protocol'
import type { Seeded } from './seeded.ts'

export interface Names {
  readonly topics: readonly string[]
  readonly topicIds: readonly string[]
}

const INTEGERS: Readonly<Record<string, readonly number[]>> = {
  int8: [0, 1, 2, -1, 127, -128],
  int16: [0, 1, -1, 3, 32_767, -32_768],
  uint16: [0, 1, 9092, 65_535],
  int32: [0, 1, 2, -1, -2, 3, 100, 65_536, 2_147_483_647, -2_147_483_648],
  uint32: [0, 1, 4_294_967_295],
  int64: [0, 1, 5, -1, -2, -3, -4, -5, 1_700_000_000_000, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
}
const TEXTS = ['', '.', '..', 'a b', 'x'.repeat(249), 'x'.repeat(250), '__consumer_offsets', 'ü', '0', '-1', 'retention.ms', 'fuzz', '\0']

export function hostileMessage(message: MessageDefinition, version: number, random: Seeded, names: Names): Record<string, unknown> {
  return struct(message.fields, version, random, names)
}

function struct(fields: Fields, version: number, random: Seeded, names: Names): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields))
    if (existsIn(field.versions, version)) value[name] = valueOf(field, version, random, names)
  return value
}

function valueOf(field: Field, version: number, random: Seeded, names: Names): unknown {
  if (field.options.nullable !== undefined && existsIn(field.options.nullable, version) && random.below(5) === 0) return null
  switch (field.kind) {
    case 'bool':
      return random.below(2) === 1
    case 'bigint64':
      return random.pick([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)])
    case 'float64':
      return random.pick([0, -1.5, Number.POSITIVE_INFINITY])
    case 'uuid':
      return random.pick([ZERO_UUID, uuidFromBytes(random.bytes(16)), ...names.topicIds])
    case 'string':
      return random.below(3) === 0 ? random.pick(TEXTS) : random.pick(names.topics)
    case 'bytes':
      return random.bytes(random.below(50))
    case 'records':
      return random.below(4) === 0 ? random.bytes(random.below(200)) : batch(random)
    case 'array':
      return Array.from({ length: random.pick([0, 1, 1, 2, 5]) }, () => valueOf(field.element as Field, version, random, names))
    case 'struct':
      return struct(field.fields as Fields, version, random, names)
    default:
      return random.pick(INTEGERS[field.kind] as readonly number[])
  }
}

function batch(random: Seeded): Uint8Array {
  const records = Array.from({ length: 1 + random.below(3) }, () => ({
    timestamp: Date.now(),
    key: random.bytes(3),
    value: random.bytes(20),
  }))
  const isIdempotent = random.below(3) === 0
  const producer = {
    producerId: random.below(4),
    producerEpoch: random.below(2),
    baseSequence: random.below(6),
    isTransactional: random.below(8) === 0,
  }
  return buildBatch({ records, crc32c: crc32cByTables, ...(isIdempotent ? producer : {}) })
}

/** Whether `version` is within a range as the schemas write it: `3`, `0-4`, `9+`, `none`. */
function existsIn(range: string, version: number): boolean {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(range)
  if (match === null) return false
  const last = match[2] === undefined ? Number(match[1]) : match[2] === '+' ? Number.POSITIVE_INFINITY : Number(match[3])
  return version >= Number(match[1]) && version <= last
}
