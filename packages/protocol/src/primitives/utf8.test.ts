import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../protocol-error.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/** Decodes the text where it lies among other bytes. */
function roundTrip(text: string): string {
  const encoded = encodeUtf8(text)
  const bytes = new Uint8Array(encoded.length + 20).fill(0x7e)
  bytes.set(encoded, 7)
  return decodeUtf8(bytes, 7, 7 + encoded.length)
}

describe('text', () => {
  it('comes back as it was, in every length and alphabet', () => {
    const texts = [fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ unit: 'binary-ascii', maxLength: 40 })]
    fc.assert(
      fc.property(fc.oneof(...texts), (text) => {
        expect(roundTrip(text)).toBe(text)
      }),
    )
  })

  it.each(Array.from({ length: 12 }, (_, length) => length))('of %i characters ends where it ends', (length) => {
    const text = 'abcdefghijkl'.slice(0, length)
    expect(roundTrip(text)).toBe(text)
    // Also at the very end of the bytes.
    expect(decodeUtf8(encodeUtf8(`--${text}`), 2, 2 + length)).toBe(text)
    expect(roundTrip(`${text}é`)).toBe(`${text}é`)
  })

  it('may begin with a byte order mark and hold zeros', () => {
    expect(roundTrip('\ufeffa\0b')).toBe('\ufeffa\0b')
  })

  it.each([[[0xff]], [[0x61, 0xc3]], [[0xed, 0xa0, 0x80]], [[0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x80]]])(
    'that is no UTF-8 is refused: %j',
    (bytes) => {
      expect(() => decodeUtf8(new Uint8Array(bytes), 0, bytes.length)).toThrow(ProtocolError)
    },
  )
})
