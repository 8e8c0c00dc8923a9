import { describe, expect, it } from 'vitest'
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../log-config.ts'
import { type ClosedSegment, isWorthOpening } from './closed-log.ts'

const NOW = 1_000_000

/** Three segments of 100 bytes and ten offsets, last written 300, 200 and 100 ms ago. */
const SEGMENTS: readonly ClosedSegment[] = [0, 1, 2].map((index) => ({
  baseOffset: index * 10,
  sizeBytes: 100,
  modifiedMs: NOW - 300 + index * 100,
}))

const COMPACT = { delete: false, compact: true }

interface Case {
  readonly name: string
  readonly expected: boolean
  readonly config?: Partial<LogConfig>
  readonly segments?: readonly ClosedSegment[]
  readonly logStartOffset?: number
  readonly cleanedOffset?: number
}

const cases: readonly Case[] = [
  { name: 'nothing is due', expected: false },
  { name: 'no files', segments: [], config: { retentionMs: 0 }, expected: false },
  { name: 'an empty log', segments: [{ baseOffset: 5, sizeBytes: 0, modifiedMs: 0 }], config: { retentionMs: 0 }, expected: false },
  { name: 'a segment below the start', logStartOffset: 10, expected: true },
  { name: 'no segment that is all below the start', logStartOffset: 9, expected: false },
  { name: 'the oldest is too old', config: { retentionMs: 299 }, expected: true },
  { name: 'the oldest is old enough to stay', config: { retentionMs: 300 }, expected: false },
  { name: 'the log is too large', config: { retentionBytes: 200 }, expected: true },
  { name: 'the log is just as large as it may be', config: { retentionBytes: 201 }, expected: false },
  {
    name: 'no deletion, so neither age nor size matter',
    config: { cleanupPolicy: COMPACT, retentionMs: 0, minCleanableDirtyRatio: 1 },
    expected: false,
  },
  { name: 'never compacted', config: { cleanupPolicy: COMPACT }, expected: true },
  { name: 'compacted up to the active segment', config: { cleanupPolicy: COMPACT }, cleanedOffset: 20, expected: false },
  {
    name: 'an active segment that is to be rolled',
    config: { cleanupPolicy: COMPACT, segmentMs: 99, minCleanableDirtyRatio: 0.3 },
    cleanedOffset: 20,
    expected: true,
  },
  { name: 'too little is dirty', config: { cleanupPolicy: COMPACT }, cleanedOffset: 10, expected: false },
  {
    name: 'too little is dirty, but for too long',
    config: { cleanupPolicy: COMPACT, maxCompactionLagMs: 250 },
    cleanedOffset: 10,
    expected: true,
  },
]

describe('opening a log for its upkeep', () => {
  it.each(cases)('$name: $expected', ({ expected, config, segments = SEGMENTS, logStartOffset = 0, cleanedOffset = 0 }) => {
    expect(isWorthOpening(segments, { logStartOffset, cleanedOffset }, { ...DEFAULT_LOG_CONFIG, ...config }, NOW)).toBe(expected)
  })
})
