import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CompressionError } from '../ports/compression.ts'
import type { CompressionType } from '../ports/compression.ts'
import { createCompression } from './compression.ts'
import { compressByPureLz4, decompressLz4Block } from './lz4-block.ts'
import { Output } from './output.ts'
import { xxh32 } from './xxh32.ts'

const compression = createCompression()
const types: CompressionType[] = ['gzip', 'snappy', 'lz4', 'zstd']
const MAX_BYTES = 10_000_000

/** Repetitive enough to compress, long enough for several blocks. */
const text = new TextEncoder().encode('the quick brown fox jumps over the lazy dog, again and again. '.repeat(4000))

describe.each(types)('%s', (type) => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 5000 }), fc.constant(text), fc.constant(new Uint8Array(200_000))), (bytes) => {
        const compressed = compression.compress(type, bytes)
        expect(Buffer.from(compression.decompress(type, compressed, MAX_BYTES)).equals(Buffer.from(bytes))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('decompresses the same off the loop', async () => {
    const compressed = compression.compress(type, text)
    expect(Buffer.from(await compression.decompressAsync(type, compressed, MAX_BYTES)).equals(Buffer.from(text))).toBe(true)
  })

  it('refuses what becomes larger than the bound, on both ways', async () => {
    const bomb = compression.compress(type, new Uint8Array(5_000_000))
    expect(() => compression.decompress(type, bomb, 100_000)).toThrow(expect.objectContaining({ code: 'ERR_COMPRESSION_TOO_LARGE' }))
    await expect(compression.decompressAsync(type, bomb, 100_000)).rejects.toMatchObject({ code: 'ERR_COMPRESSION_TOO_LARGE' })
  })

  it('answers damage with a typed error or with bytes, and with nothing else', () => {
    const compressed = compression.compress(type, text)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(compressed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(compressed.length),
        (flips, length) => {
          const damaged = compressed.slice(0, length)
          for (const [position, byte] of flips) if (position < length) damaged[position] = byte
          try {
            expect(compression.decompress(type, damaged, MAX_BYTES).length).toBeLessThanOrEqual(MAX_BYTES)
          } catch (error) {
            expect(error).toBeInstanceOf(CompressionError)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('lz4 frames', () => {
  const frame = compression.compress('lz4', text)
  const changed = (position: number, byte: number): Uint8Array => {
    const copy = frame.slice()
    copy[position] = byte
    return copy
  }

  it('begin as Kafka writes them', () => {
    expect([...frame.subarray(0, 7)]).toEqual([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
  })

  it.each([
    ['dependent blocks', changed(4, 0x40)],
    ['reserved flags', changed(4, 0x61)],
    ['a wrong descriptor checksum', changed(6, 0x83)],
    ['an unknown block size', changed(5, 0x30)],
    ['no end mark', frame.subarray(0, frame.length - 4)],
    ['another magic', changed(0, 0x05)],
  ])('are refused with %s', (_, bytes) => {
    expect(() => compression.decompress('lz4', bytes, MAX_BYTES)).toThrow(expect.objectContaining({ code: 'ERR_COMPRESSION_CORRUPT' }))
  })

  it('may be followed by anything', () => {
    const followed = new Uint8Array(frame.length + 9)
    followed.set(frame)
    followed.fill(0x55, frame.length)
    expect(compression.decompress('lz4', followed, MAX_BYTES)).toEqual(text)
  })

  it('can be written without native code', () => {
    const plain = text.subarray(0, 60_000)
    const output = new Output(1000, 100_000)
    decompressLz4Block(compressByPureLz4(plain) as Uint8Array, output, 65_536)
    expect(output.finished()).toEqual(plain)
  })
})

describe('snappy', () => {
  it('is read without framing too', async () => {
    const { compressSync } = (await import('snappy')) as unknown as { compressSync(bytes: Uint8Array): Uint8Array }
    expect(Buffer.from(compression.decompress('snappy', compressSync(text), MAX_BYTES)).equals(Buffer.from(text))).toBe(true)
  })

  it('does not believe a length that its bytes cannot hold', () => {
    const lie = new Uint8Array([0xff, 0xff, 0xff, 0x03, 0x00, 0x41])
    expect(() => compression.decompress('snappy', lie, 100_000_000)).toThrow(CompressionError)
  })
})

describe('gzip', () => {
  it('is read in several members', () => {
    const half = compression.compress('gzip', text.subarray(0, 1000))
    const rest = compression.compress('gzip', text.subarray(1000))
    expect(Buffer.from(compression.decompress('gzip', Buffer.concat([half, rest]), MAX_BYTES)).equals(Buffer.from(text))).toBe(true)
  })
})

describe('xxh32', () => {
  const ascii = (value: string): Uint8Array => new TextEncoder().encode(value)
  it.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of %j', (input, expected) => {
    expect(xxh32(ascii(input))).toBe(expected)
  })
})
