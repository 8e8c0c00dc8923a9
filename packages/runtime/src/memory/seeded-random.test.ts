import { expect, it } from 'vitest'
import { seededRandom } from './seeded-random.ts'

it('draws the same from the same seed, and other things from another', () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed)
    return [...Array.from({ length: 20 }, () => random.uint32()), ...random.bytes(20)]
  }
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
})

it('draws whole numbers below 2^32, evenly', () => {
  const random = seededRandom(5)
  const counts = new Uint32Array(16)
  for (let draw = 0; draw < 16_000; draw += 1) {
    const value = random.uint32()
    expect(Number.isInteger(value) && value >= 0 && value < 2 ** 32).toBe(true)
    counts[value >>> 28]! += 1
  }
  for (const count of counts) expect(count).toBeGreaterThan(850)
  expect(random.bytes(7)).toHaveLength(7)
})
