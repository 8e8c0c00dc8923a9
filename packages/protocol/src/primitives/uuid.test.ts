import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ProtocolError } from '../protocol-error.ts'
import { uuidFromBytes, uuidToBytes, ZERO_UUID } from './uuid.ts'

it.each([
  ['too short', 'AAAAAAAAAAAAAAAAAAAAA'],
  ['too long', 'AAAAAAAAAAAAAAAAAAAAAAA'],
  ['padded', 'AAAAAAAAAAAAAAAAAAAAA='],
  ['of the other base64 alphabet', 'AAAAAAAAAA/AAAAAAAAAAA'],
  ['with a character of two code units', 'AAAAAAAAAAAAAAAAAAAA\u{1f600}'],
  ['with bits in the last character that no byte has', 'AAAAAAAAAAAAAAAAAAAAAB'],
  ['empty', ''],
])('refuses a text that is %s', (_, text) => {
  expect(() => uuidToBytes(text)).toThrow(ProtocolError)
})

it.each(['A', 'Q', 'g', 'w'])('takes %s as the last character', (last) => {
  const text = `AAAAAAAAAAAAAAAAAAAAA${last}`
  expect(uuidFromBytes(uuidToBytes(text))).toBe(text)
})

it('writes zeros as the zero UUID', () => {
  expect(uuidFromBytes(new Uint8Array(16))).toBe(ZERO_UUID)
})

it('writes what Node writes, and reads it back (property)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = uuidFromBytes(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64url'))
      expect(uuidToBytes(text)).toEqual(bytes)
    }),
  )
})

it('takes a text exactly when it comes back as the same text (property)', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{22}$/), (text) => {
      const isCanonical = Buffer.from(text, 'base64url').toString('base64url') === text
      if (isCanonical) expect(uuidFromBytes(uuidToBytes(text))).toBe(text)
      else expect(() => uuidToBytes(text)).toThrow(ProtocolError)
    }),
  )
})
