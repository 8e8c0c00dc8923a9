import { describe, expect, it } from 'vitest'
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../log-config.ts'
import { cleanableRange, type RangedSegment } from './cleanable-range.ts'

const NOW = 1_000_000

/** Closed segments of ten offsets and 100 bytes, the oldest 400 ms old and each next one 100 ms younger, and an active one. */
const SEGMENTS: readonly RangedSegment[] = [0, 1, 2, 3, 4].map((index) => ({
  baseOffset: index * 10,
  sizeBytes: 100,
  lastTimestamp: NOW - 400 + index * 100,
}))

interface Case {
  readonly name: string
  readonly expected: readonly [from: number, to: number, dirtyRatio: number] | null
  readonly config?: Partial<LogConfig>
  readonly segments?: readonly RangedSegment[]
  readonly cleanedOffset?: number
  readonly logStartOffset?: number
  readonly logEndOffset?: number
  readonly lastStableOffset?: number
  readonly firstTimestamp?: number
}

const emptied = SEGMENTS.map((segment) => ({ ...segment, sizeBytes: 0 }))

const cases: readonly Case[] = [
  { name: 'a log that was never compacted: all but the active segment', expected: [0, 40, 1] },
  { name: 'a log that is not to be compacted: nothing', config: { cleanupPolicy: { delete: true, compact: false } }, expected: null },
  { name: 'as much dirty as the ratio says: not yet', cleanedOffset: 20, expected: null },
  { name: 'more dirty than the ratio says', cleanedOffset: 10, expected: [10, 40, 0.75] },
  { name: 'a part of a segment that is clean counts as dirty with the rest', cleanedOffset: 15, expected: [15, 40, 0.75] },
  { name: 'a ratio of zero: whatever is dirty', cleanedOffset: 30, config: { minCleanableDirtyRatio: 0 }, expected: [30, 40, 0.25] },
  { name: 'a ratio of one: never', config: { minCleanableDirtyRatio: 1 }, expected: null },
  { name: 'nothing new: nothing', cleanedOffset: 40, config: { minCleanableDirtyRatio: 0 }, expected: null },
  { name: 'no bytes: nothing', segments: emptied, config: { minCleanableDirtyRatio: 0 }, expected: null },
  { name: 'undecided records end it at their segment', lastStableOffset: 25, expected: [0, 20, 1] },
  { name: 'a segment that ends at the last stable offset is part of it', lastStableOffset: 30, expected: [0, 30, 1] },
  { name: 'nothing is decided', lastStableOffset: 9, expected: null },
  { name: 'the first segment that is too young ends it', config: { minCompactionLagMs: 200 }, expected: [0, 30, 1] },
  { name: 'records below the start of the log are not its business', logStartOffset: 15, cleanedOffset: 5, expected: [15, 40, 0.75] },
  { name: 'a log that was cut below where it was clean is dirty as a whole', cleanedOffset: 60, logEndOffset: 50, expected: [0, 40, 1] },
  { name: 'overdue: whatever the ratio says', cleanedOffset: 30, config: { maxCompactionLagMs: 99 }, expected: [30, 40, 0.25] },
  { name: 'not overdue at the very time', cleanedOffset: 30, config: { maxCompactionLagMs: 100 }, expected: null },
  {
    name: 'records without a time are never overdue',
    cleanedOffset: 30,
    config: { maxCompactionLagMs: 1 },
    firstTimestamp: -1,
    expected: null,
  },
]

describe('the range to compact', () => {
  it.each(cases)('$name', ({ expected, config, cleanedOffset, firstTimestamp, ...given }) => {
    const range = cleanableRange({
      segments: given.segments ?? SEGMENTS,
      logStartOffset: given.logStartOffset ?? 0,
      logEndOffset: given.logEndOffset ?? 50,
      lastStableOffset: given.lastStableOffset ?? 50,
      config: { ...DEFAULT_LOG_CONFIG, cleanupPolicy: { delete: false, compact: true }, ...config },
      cleanedOffset: cleanedOffset ?? null,
      nowMs: NOW,
      firstTimestamp: (segment) => firstTimestamp ?? segment.lastTimestamp,
    })
    expect(range).toEqual(expected === null ? null : { from: expected[0], to: expected[1], dirtyRatio: expected[2] })
  })
})
