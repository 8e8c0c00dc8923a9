import { expect, it } from 'vitest'
import { partitionOfKey } from './partition-of-key.ts'

// What `String.hashCode` of Java gives for these.
it.each([
  { key: '', hash: 0 },
  { key: 'a', hash: 97 },
  { key: 'group', hash: 98_629_247 },
  { key: 'console-consumer-12345', hash: 158_455_506 },
  { key: 'billing', hash: -109_829_509 },
  { key: 'gänse', hash: 102_024_387 },
  { key: '\u{1f600}', hash: 1_772_899 },
])('$key belongs where its hash says', ({ key, hash }) => {
  for (const count of [1, 2, 7, 50]) expect(partitionOfKey(key, count), `of ${count}`).toBe(Math.abs(hash) % count)
})

it('takes the one hash without an absolute value for 0', () => {
  // Its hash is the least number of 32 bits.
  expect(partitionOfKey('polygenelubricants', 50)).toBe(0)
})
