import { describe, expect, it } from 'vitest'
import { type RetainedSegment, segmentsToRemove } from './retention.ts'

const NOW = 1_000_000

/** Segments of ten offsets each, 100 bytes large, the oldest 500 ms old and each next one 100 ms younger. */
function segments(count: number): RetainedSegment[] {
  return Array.from({ length: count }, (_, index) => ({ baseOffset: index * 10, sizeBytes: 100, lastTimestamp: NOW - 500 + index * 100 }))
}

const DELETE = { delete: true, compact: false }
const COMPACT = { delete: false, compact: true }
const BOTH = { delete: true, compact: true }
const NONE = { delete: false, compact: false }

interface Case {
  readonly name: string
  readonly removed: number
  readonly segments?: readonly RetainedSegment[]
  readonly cleanupPolicy?: typeof DELETE
  readonly retentionMs?: number
  readonly retentionBytes?: number
  readonly logStartOffset?: number
  readonly highWatermark?: number
}

const withTimestamp = (index: number, lastTimestamp: number): RetainedSegment[] =>
  segments(4).map((segment, at) => (at === index ? { ...segment, lastTimestamp } : segment))
const withEmptyActive = (): RetainedSegment[] => [...segments(3), { baseOffset: 30, sizeBytes: 0, lastTimestamp: NOW - 9999 }]

const cases: readonly Case[] = [
  { name: 'nothing without a limit', removed: 0 },
  { name: 'by time: what is older than the limit', retentionMs: 350, removed: 2 },
  { name: 'by time: not what is exactly as old', retentionMs: 400, removed: 1 },
  { name: 'by time: no limit is no limit', retentionMs: -1, removed: 0 },
  { name: 'by time: a limit of zero takes all, the active one too', retentionMs: 0, removed: 4 },
  { name: 'by time: the first survivor protects the rest', segments: withTimestamp(1, NOW), retentionMs: 150, removed: 1 },
  { name: 'by time: a timestamp in the future blocks', segments: withTimestamp(0, NOW + 1), retentionMs: 0, removed: 0 },
  { name: 'by time: an empty active segment stays', segments: withEmptyActive(), retentionMs: 0, removed: 3 },
  { name: 'by size: down to the last segment without which it is too small', retentionBytes: 250, removed: 1 },
  { name: 'by size: down to exactly the limit', retentionBytes: 200, removed: 2 },
  { name: 'by size: nothing while it is within the limit', retentionBytes: 400, removed: 0 },
  { name: 'by size: nothing while one segment less would be below it', retentionBytes: 301, removed: 0 },
  { name: 'by size: a limit of zero takes all', retentionBytes: 0, removed: 4 },
  { name: 'by log start: what lies below', logStartOffset: 25, removed: 2 },
  { name: 'by log start: up to the very border', logStartOffset: 20, removed: 2 },
  { name: 'by log start: never the active segment', logStartOffset: 40, removed: 3 },
  { name: 'size is judged by what the log start leaves', logStartOffset: 20, retentionBytes: 200, removed: 2 },
  { name: 'time goes on where size stopped', retentionBytes: 300, retentionMs: 250, removed: 3 },
  { name: 'below the high watermark only', retentionMs: 0, highWatermark: 25, removed: 2 },
  { name: 'a segment that ends at the high watermark goes', retentionMs: 0, highWatermark: 30, removed: 3 },
  { name: 'the active one stays while it is not replicated', retentionMs: 0, highWatermark: 39, removed: 3 },
  { name: 'compacted logs lose nothing by time or size', cleanupPolicy: COMPACT, retentionMs: 0, retentionBytes: 0, removed: 0 },
  { name: 'compacted logs lose what is below their start', cleanupPolicy: COMPACT, logStartOffset: 10, removed: 1 },
  { name: 'both policies: deletion as ever', cleanupPolicy: BOTH, retentionMs: 350, removed: 2 },
  { name: 'no policy: the log start only', cleanupPolicy: NONE, retentionMs: 0, logStartOffset: 10, removed: 1 },
]

describe('segments that are removed', () => {
  it.each(cases)('$name', ({ removed, ...given }) => {
    const all = given.segments ?? segments(4)
    const found = segmentsToRemove({
      segments: all,
      logStartOffset: given.logStartOffset ?? 0,
      logEndOffset: all.at(-1)?.sizeBytes === 0 ? 30 : 40,
      highWatermark: given.highWatermark ?? 40,
      config: {
        cleanupPolicy: given.cleanupPolicy ?? DELETE,
        retentionMs: given.retentionMs ?? -1,
        retentionBytes: given.retentionBytes ?? -1,
      },
      nowMs: NOW,
    })
    expect(found).toEqual(all.slice(0, removed))
  })
})
