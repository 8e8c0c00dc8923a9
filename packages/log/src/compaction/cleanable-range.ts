/**
 * Which part of a log is to be compacted next, and how much it is worth. Pure, but for a look at the first batches of segments.
 *
 * The range begins where the last compaction ended and ends before what is not decided yet (the last stable offset), what is
 * still written (the active segment) and what is younger than consumers were promised to see every record (min.compaction.lag.ms).
 */
import type { LogConfig } from '../log-config.ts'
import type { OffsetRange } from './latest-offsets.ts'

export interface RangedSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  /** Largest timestamp of its records, or when the file was written where records have none. */
  readonly lastTimestamp: number
}

export interface RangeInput<S extends RangedSegment> {
  /** In the order of their offsets, the active one last. */
  readonly segments: Iterable<S>
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly lastStableOffset: number
  readonly config: Pick<LogConfig, 'cleanupPolicy' | 'minCleanableDirtyRatio' | 'minCompactionLagMs' | 'maxCompactionLagMs'>
  /** Where the last compaction ended; null when there was none. */
  readonly cleanedOffset: number | null
  readonly nowMs: number
  /** Largest timestamp of the segment's first batch, negative for none. */
  firstTimestamp(segment: S): number
}

export interface CleanableRange extends OffsetRange {
  /** Share of bytes, of all up to the end of the range, that were never compacted. */
  readonly dirtyRatio: number
}

/** Null when there is nothing that is worth it. */
export function cleanableRange<S extends RangedSegment>(input: RangeInput<S>): CleanableRange | null {
  const { config, nowMs, logStartOffset, logEndOffset } = input
  if (!config.cleanupPolicy.compact) return null
  const cleanedOffset = input.cleanedOffset ?? logStartOffset
  // A log that ends below was cut since, so nothing is known of what it holds now.
  const from = cleanedOffset > logEndOffset ? logStartOffset : Math.max(cleanedOffset, logStartOffset)
  const segments = [...input.segments]
  const dirty: S[] = []
  let cleanBytes = 0
  let dirtyBytes = 0
  let to = from
  for (const [index, segment] of segments.entries()) {
    const endOffset = segments[index + 1]?.baseOffset
    if (endOffset === undefined || endOffset > input.lastStableOffset) break
    if (endOffset <= from) {
      cleanBytes += segment.sizeBytes
      continue
    }
    if (config.minCompactionLagMs > 0 && segment.lastTimestamp > nowMs - config.minCompactionLagMs) break
    dirty.push(segment)
    dirtyBytes += segment.sizeBytes
    to = endOffset
  }
  if (dirtyBytes === 0) return null
  const dirtyRatio = dirtyBytes / (cleanBytes + dirtyBytes)
  const isOverdue = (): boolean => {
    const overdueBefore = nowMs - config.maxCompactionLagMs
    if (overdueBefore <= 0) return false
    return dirty.some((segment) => segment.sizeBytes > 0 && isWithin(input.firstTimestamp(segment), 1, overdueBefore))
  }
  return dirtyRatio > config.minCleanableDirtyRatio || isOverdue() ? { from, to, dirtyRatio } : null
}

function isWithin(value: number, from: number, to: number): boolean {
  return value >= from && value < to
}
