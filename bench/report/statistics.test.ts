import { describe, expect, it } from 'vitest'
import { percentile, summarize } from './statistics.ts'

describe('percentile', () => {
  it('refuses to make a figure out of nothing', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError)
  })

  it.each([
    [[7], 0.99, 7],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[10, 9, 100], 0.5, 10],
    [[0, 10], 0.99, 9.9],
  ])('of %j at %d is %d', (samples, fraction, expected) => {
    expect(percentile(samples, fraction)).toBeCloseTo(expected)
  })

  it('leaves the samples in their order', () => {
    const samples = [3, 1, 2]
    percentile(samples, 0.5)
    expect(samples).toEqual([3, 1, 2])
  })
})

describe('summarize', () => {
  it('has nothing to say without samples', () => {
    expect(summarize([])).toBeNull()
  })

  it('gives the median between the least and the greatest', () => {
    expect(summarize([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9, samples: 3 })
  })
})
