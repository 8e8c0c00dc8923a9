import { expect, it } from 'vitest'
import { nodeRandom } from './random.ts'

it('gives integers of 32 bits that differ', () => {
  const numbers = Array.from({ length: 2000 }, () => nodeRandom.uint32())
  expect(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)).toBe(true)
  expect(new Set(numbers).size).toBeGreaterThan(1990)
  expect(numbers.some((number) => number >= 2 ** 31)).toBe(true)
})

it.each([0, 1, 16, 1000])('gives %i bytes that belong to the caller', (length) => {
  const first = nodeRandom.bytes(length)
  const copy = Uint8Array.from(first)
  nodeRandom.bytes(length).fill(0)
  expect(first).toEqual(copy)
  expect(first.length).toBe(length)
  expect(first.buffer.byteLength).toBe(length)
})
