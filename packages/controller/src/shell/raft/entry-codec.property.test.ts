/** Entries are what they were after a detour through their bytes, and one changed bit is noticed wherever it is. */
import { crc32c } from '@millrace/runtime'
import fc from 'fast-check'
import { type Entry, membershipOf } from 'raft-ts'
import { expect, it } from 'vitest'
import { decodeEntry, encodeEntry } from './entry-codec.ts'

const id = fc.tuple(fc.nat(1000), fc.base64String({ minLength: 1, maxLength: 22 })).map(([nodeId, directory]) => `${nodeId}@${directory}`)
const position = { index: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), term: fc.integer({ min: 1, max: 2 ** 31 - 1 }) }

const entries: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ type: fc.constant('data' as const), ...position, data: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ type: fc.constant('noop' as const), ...position }),
  fc.record({
    type: fc.constant('membership' as const),
    ...position,
    membership: fc
      .tuple(fc.array(id, { maxLength: 5 }), fc.array(id, { maxLength: 3 }))
      .map(([voters, learners]) => membershipOf(voters, learners)),
  }),
)

it('gives back every entry (property)', () => {
  fc.assert(
    fc.property(entries, fc.nat(), (entry, writeIndex) => {
      const bytes = encodeEntry(entry, { timestamp: 1, writeIndex, crc32c })
      expect(decodeEntry(bytes, 0, crc32c)).toEqual({ entry, writeIndex, sizeBytes: bytes.length })
    }),
  )
})

it('notices each changed bit (property)', () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.nat(7), (entry, at, bit) => {
      const bytes = encodeEntry(entry, { timestamp: 1, writeIndex: 1, crc32c })
      const place = at % bytes.length
      // What a changed length makes of a batch is up to whoever looks for the next one.
      fc.pre(place < 8 || place >= 12)
      bytes[place] = (bytes[place] as number) ^ (1 << bit)
      expect(() => decodeEntry(bytes, 0, crc32c)).toThrow(/damaged|newer version/)
    }),
    { numRuns: 500 },
  )
})
