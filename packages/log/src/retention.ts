/**
 * Which segments of a log go, oldest first, up to the first one that stays. Pure: it looks, and the log acts.
 *
 * Three reasons, each applied to what the ones before it left: all of the segment is below the log's start; the log is larger
 * than it may be even without it; its newest record is too old. Only what is wholly below the high watermark goes, so that the
 * log never starts beyond what all replicas have.
 */
import type { LogConfig } from './log-config.ts'

/** What is asked of a segment. */
export interface RetainedSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  /** Largest timestamp of its records, or when the file was written where records have none. */
  readonly lastTimestamp: number
}

export interface RetentionInput<S extends RetainedSegment> {
  /** In the order of their offsets, the active one last. */
  readonly segments: Iterable<S>
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
  readonly config: Pick<LogConfig, 'cleanupPolicy' | 'retentionMs' | 'retentionBytes'>
  readonly nowMs: number
}

export function segmentsToRemove<S extends RetainedSegment>(input: RetentionInput<S>): S[] {
  const { logStartOffset, logEndOffset, highWatermark, config, nowMs } = input
  const segments = [...input.segments]
  const isDeleting = config.cleanupPolicy.delete
  const isBoundInSize = isDeleting && config.retentionBytes >= 0
  const isBoundInTime = isDeleting && config.retentionMs >= 0
  let removed = 0
  const removeWhile = (isNeedless: (segment: S, endOffset: number) => boolean): void => {
    for (; removed < segments.length; removed += 1) {
      const segment = segments[removed] as S
      const next = segments[removed + 1]
      const endOffset = next?.baseOffset ?? logEndOffset
      const isEmptyActive = next === undefined && segment.sizeBytes === 0
      if (isEmptyActive || endOffset > highWatermark || !isNeedless(segment, endOffset)) return
    }
  }
  // The active segment holds the start of the log as long as nothing begins after it.
  removeWhile((segment, endOffset) => segment !== segments.at(-1) && endOffset <= logStartOffset)
  if (isBoundInSize) {
    let excessBytes = -config.retentionBytes
    for (const { sizeBytes } of segments.slice(removed)) excessBytes += sizeBytes
    removeWhile(({ sizeBytes }) => {
      excessBytes -= sizeBytes
      return excessBytes >= 0
    })
  }
  // A timestamp in the future has an age below zero, so it keeps its segment and all after it.
  if (isBoundInTime) removeWhile(({ lastTimestamp }) => nowMs - lastTimestamp > config.retentionMs)
  return segments.slice(0, removed)
}
