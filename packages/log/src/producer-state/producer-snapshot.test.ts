import { crc32c } from '@millrace/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProducerEntry } from './producer-entry.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'

const ENTRY: ProducerEntry = {
  producerId: 4001,
  producerEpoch: 2,
  coordinatorEpoch: 9,
  lastTimestamp: 1_700_000_000_000,
  currentTxnFirstOffset: 40,
  batches: [{ lastSequence: 11, lastOffset: 51, offsetDelta: 5, timestamp: 1_700_000_000_000 }],
}

it('is on disk what Kafka has there', () => {
  const hex = Buffer.from(encodeProducerSnapshot([ENTRY], crc32c)).toString('hex')
  expect(hex.slice(0, 4)).toBe('0001')
  expect(hex.slice(12)).toBe(
    '00000001' +
      '0000000000000fa1' +
      '0002' +
      '0000000b' +
      '0000000000000033' +
      '00000005' +
      '0000018bcfe56800' +
      '00000009' +
      '0000000000000028',
  )
})

const producer = fc
  .record({
    producerId: fc.maxSafeNat(),
    producerEpoch: fc.integer({ min: -1, max: 32_767 }),
    coordinatorEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    lastTimestamp: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
    currentTxnFirstOffset: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }),
    batch: fc.option(fc.record({ lastSequence: fc.nat(2 ** 31 - 1), lastOffset: fc.maxSafeNat(), offsetDelta: fc.nat(2 ** 31 - 1) })),
  })
  .map(
    ({ batch, ...entry }): ProducerEntry => ({ ...entry, batches: batch === null ? [] : [{ ...batch, timestamp: entry.lastTimestamp }] }),
  )

it('reads what was written (property)', () => {
  fc.assert(
    fc.property(fc.array(producer, { maxLength: 20 }), (entries) => {
      expect(decodeProducerSnapshot(encodeProducerSnapshot(entries, crc32c), crc32c)).toEqual(entries)
    }),
  )
})

it('keeps all that a producer is remembered by, and ends with what Kafka reads', () => {
  const older = { lastSequence: 5, lastOffset: 45, offsetDelta: 0, timestamp: 1 }
  const entry = { ...ENTRY, batches: [older, ...ENTRY.batches] }
  const encoded = encodeProducerSnapshot([entry, { ...ENTRY, producerId: 2 }], crc32c)
  expect(decodeProducerSnapshot(encoded, crc32c)).toEqual([entry, { ...ENTRY, producerId: 2 }])
  const alone = encodeProducerSnapshot([ENTRY], crc32c)
  expect(encodeProducerSnapshot([entry], crc32c).subarray(10 + 46)).toEqual(alone.subarray(10))
})

describe('a damaged one', () => {
  const whole = encodeProducerSnapshot([ENTRY, { ...ENTRY, producerId: 2 }], crc32c)

  it('is seen when it was cut anywhere', () => {
    for (let size = 0; size < whole.length; size += 1) expect(decodeProducerSnapshot(whole.subarray(0, size), crc32c)).toBeNull()
  })

  it('is seen when any bit flipped', () => {
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const flipped = whole.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(decodeProducerSnapshot(flipped, crc32c)).toBeNull()
    }
  })

  it.each<[string, Uint8Array]>([
    ['zeros', new Uint8Array(whole.length)],
    ['with bytes after it', Uint8Array.from([...whole, 0])],
    ['empty', new Uint8Array(0)],
  ])('is seen when it is %s', (_, bytes) => {
    expect(decodeProducerSnapshot(bytes, crc32c)).toBeNull()
  })
})
