/** When a log begins a new segment: the old one is full, as old as `segment.ms` allows, or cannot express the next offset. */
import type { LogConfig } from './log-config.ts'
import type { Segment } from './segment.ts'

export interface NextBatch {
  readonly sizeBytes: number
  readonly lastOffset: number
  readonly maxTimestamp: number
}

/** How old a segment gets: only closed ones can be compacted, so the wait for that is part of it. */
export function segmentAgeMax({ segmentMs, cleanupPolicy, maxCompactionLagMs }: LogConfig, jitterMs: number): number {
  return (cleanupPolicy.compact ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs) - jitterMs
}

/** Whether the batch has to begin a new segment. `pendingBytes` of other batches go before it. */
export function mustRollBefore(
  segment: Segment,
  pendingBytes: number,
  batch: NextBatch,
  config: LogConfig,
  jitterMs: number,
  nowMs: number,
): boolean {
  const sizeBytes = segment.sizeBytes + pendingBytes
  if (sizeBytes === 0) return false
  if (sizeBytes + batch.sizeBytes > config.segmentBytes) return true
  if (!segment.canHold(batch.lastOffset) || segment.isIndexFull(config.segmentIndexBytes)) return true
  const { firstTimestamp } = segment
  const hasRecordTime = firstTimestamp !== null && firstTimestamp >= 0 && batch.maxTimestamp >= 0
  // Records tell the age where they can, so that a log that is written anew gets the segments it had.
  const ageMs = hasRecordTime ? batch.maxTimestamp - firstTimestamp : nowMs - segment.createdMs
  return ageMs > segmentAgeMax(config, jitterMs)
}
