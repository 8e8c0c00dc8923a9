import { expect, it } from 'vitest'
import { utf8 } from '../text.ts'
import { murmur2 } from './murmur2.ts'
import { partitionOfKey } from './partitioner.ts'

/** From Kafka's own test of its hash. */
it.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('the hash of "%s" is the one that Kafka computes', (text, hash) => {
  expect(murmur2(utf8(text))).toBe(hash)
})

it('a key whose hash is negative has a partition all the same', () => {
  expect(partitionOfKey(utf8('21'), 10)).toBe((-973932308 & 0x7fffffff) % 10)
})
