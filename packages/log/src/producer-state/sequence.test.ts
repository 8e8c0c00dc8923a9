import { describe, expect, it } from 'vitest'
import { firstSequenceOf, follows, lastSequenceOf, NO_SEQUENCE } from './sequence.ts'

const MAX = 2 ** 31 - 1

describe('sequences', () => {
  it.each([
    [0, 0, 0],
    [5, 4, 9],
    [MAX, 0, MAX],
    [MAX, 1, 0],
    [MAX - 2, 9, 6],
    [NO_SEQUENCE, 4, NO_SEQUENCE],
  ])('from %i, %i further, is %i, and back', (first, delta, last) => {
    expect(lastSequenceOf(first, delta)).toBe(last)
    expect(firstSequenceOf(last, delta)).toBe(first)
  })

  it.each([
    [0, 1, true],
    [0, 2, false],
    [0, 0, false],
    [MAX, 0, true],
    [MAX, 1, false],
    [NO_SEQUENCE, 0, true],
    [NO_SEQUENCE, 1, false],
  ])('after %i comes %i: %s', (last, next, expected) => {
    expect(follows(last, next)).toBe(expected)
  })
})
