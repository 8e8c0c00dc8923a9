import { crc32cByTables } from '@millrace/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32c } from './crc32c.ts'

it.each([
  ['', 0],
  ['123456789', 0xe3069283],
  ['123456789'.repeat(100), 75684690],
])('of %o is %i', (text, expected) => {
  expect(crc32c(new TextEncoder().encode(text))).toBe(expected)
  expect(crc32cByTables(new TextEncoder().encode(text))).toBe(expected)
})

it('may be taken in pieces, and natively or by tables (property)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), fc.nat(1000), (bytes, cut) => {
      const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)]
      const whole = crc32cByTables(bytes)
      expect(crc32c(bytes)).toBe(whole)
      expect(crc32c(second, crc32c(first))).toBe(whole)
      expect(crc32cByTables(second, crc32cByTables(first))).toBe(whole)
    }),
  )
})
