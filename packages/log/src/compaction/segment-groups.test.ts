import { describe, expect, it } from 'vitest'
import { type GroupedSegment, groupSegments } from './segment-groups.ts'

const segment = (baseOffset: number, sizeBytes: number, entries = 1): GroupedSegment => ({
  baseOffset,
  sizeBytes,
  offsetIndex: { count: entries },
  timeIndex: { count: entries },
})

const LIMITS = { segmentBytes: 100, segmentIndexBytes: 1200 }

interface Case {
  readonly name: string
  readonly segments: readonly GroupedSegment[]
  /** Base offsets of each group. */
  readonly expected: readonly (readonly number[])[]
}

const cases: readonly Case[] = [
  { name: 'nothing', segments: [], expected: [] },
  { name: 'as many as one segment has room for', segments: [segment(0, 40), segment(10, 60), segment(20, 1)], expected: [[0, 10], [20]] },
  { name: 'one that is too large by itself', segments: [segment(0, 300), segment(10, 20), segment(20, 20)], expected: [[0], [10, 20]] },
  { name: 'what the index has room for', segments: [segment(0, 1, 60), segment(10, 1, 40), segment(20, 1, 1)], expected: [[0, 10], [20]] },
  {
    name: 'what 32 bits of offsets reach',
    segments: [segment(5, 1), segment(2 ** 30, 1), segment(2 ** 31 + 5, 1), segment(2 ** 31 + 6, 1)],
    expected: [
      [5, 2 ** 30],
      [2 ** 31 + 5, 2 ** 31 + 6],
    ],
  },
  {
    name: 'segments without batches wherever they are',
    segments: [segment(5, 1), segment(2 ** 31 + 5, 0), segment(2 ** 31 + 6, 1)],
    expected: [[5, 2 ** 31 + 5], [2 ** 31 + 6]],
  },
]

describe('segments that are compacted into one', () => {
  it.each(cases)('$name', ({ segments, expected }) => {
    const groups = groupSegments(segments, (segments.at(-1)?.baseOffset ?? 0) + 10, LIMITS)
    expect(groups.map((group) => group.map(({ baseOffset }) => baseOffset))).toEqual(expected)
  })
})
