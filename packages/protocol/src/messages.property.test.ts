/** Every message in every version: what is encoded is decoded again, and damage is answered with a ProtocolError only. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EVERY_API } from './every-api.ts'
import { ProtocolError } from './protocol-error.ts'
import type { MessageDefinition } from './schema/define-message.ts'
import type { Field, Fields } from './schema/field.ts'
import { decodeMessage, encodeMessage } from './schema/message-codec.ts'
import { includes, parseVersionRange } from './schema/version-range.ts'
import { uuidFromBytes } from './primitives/uuid.ts'

const messages: MessageDefinition[] = EVERY_API.flatMap((api) => [api.request, api.response])
const cases = messages.flatMap((message) => {
  const { min, max } = parseVersionRange(message.validVersions)
  return Array.from({ length: max - min + 1 }, (_, index) => [`${message.name} v${min + index}`, message, min + index] as const)
})

/** Values of the fields that the version has; the others are left out. */
function structArbitrary(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  const present = Object.entries(fields).filter(([, field]) => includes(parseVersionRange(field.versions), version))
  return fc.record(Object.fromEntries(present.map(([name, field]) => [name, fieldArbitrary(field, version)])))
}

function fieldArbitrary(field: Field, version: number): fc.Arbitrary<unknown> {
  const value = valueArbitrary(field, version)
  const isNullable = field.options.nullable !== undefined && includes(parseVersionRange(field.options.nullable), version)
  return isNullable ? fc.option(value, { freq: 4 }) : value
}

function valueArbitrary(field: Field, version: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32_768, max: 32_767 })
    case 'uint16':
      return fc.integer({ min: 0, max: 65_535 })
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.integer({ min: 0, max: 4_294_967_295 })
    case 'int64':
      return fc.maxSafeInteger()
    case 'bigint64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'float64':
      return fc.double({ noNaN: true })
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => uuidFromBytes(bytes))
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 40 })
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 1500 })
    case 'array':
      return fc.array(fieldArbitrary(field.element as Field, version), { maxLength: 3 })
    default:
      return structArbitrary(field.fields as Fields, version)
  }
}

describe('every message in every version', () => {
  it.each(cases)('%s is decoded as it was encoded', (_, message, version) => {
    fc.assert(
      fc.property(structArbitrary(message.fields, version), (value) => {
        const bytes = encodeMessage(message, version, value)
        const decoded = decodeMessage(message, version, bytes)
        expect(decoded).toMatchObject(value)
        expect(encodeMessage(message, version, decoded)).toEqual(bytes)
      }),
      { numRuns: 8 },
    )
  })
})

describe('damage', () => {
  it('is answered with a ProtocolError or with a message, and with nothing else', () => {
    const anyCase = fc.constantFrom(...cases).chain(([, message, version]) =>
      fc.record({
        message: fc.constant(message),
        version: fc.constant(version),
        value: structArbitrary(message.fields, version),
        flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        cut: fc.nat(),
      }),
    )
    fc.assert(
      fc.property(anyCase, ({ message, version, value, flips, cut }) => {
        const bytes = encodeMessage(message, version, value)
        const damaged = bytes.slice(0, bytes.length === 0 ? 0 : bytes.length - (cut % Math.min(bytes.length, 4)))
        for (const [position, byte] of flips) if (damaged.length > 0) damaged[position % damaged.length] = byte
        try {
          decodeMessage(message, version, damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it.each(cases.filter(([, , version]) => version >= 0).map(([name, message, version]) => [name, message, version] as const))(
    '%s does not believe a count that its bytes cannot hold',
    (_, message, version) => {
      const lie = new Uint8Array(64).fill(0x7f)
      try {
        decodeMessage(message, version, lie)
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    },
  )
})
