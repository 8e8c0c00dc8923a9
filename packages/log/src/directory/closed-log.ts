/**
 * Whether a log that nobody has open is worth opening for its upkeep, judged by the names, sizes and ages of its files alone:
 * with thousands of quiet logs, reading more of each every few minutes would be the most that a broker does.
 */
import type { Disk } from '@millrace/runtime'
import { parseSegmentFileName, SEGMENT_SUFFIXES } from '../file-names.ts'
import type { LogConfig } from '../log-config.ts'

export interface ClosedSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** By base offset, ascending; none where no directory is (any more). Throws a `DiskError`. */
export function closedSegments(disk: Disk, directory: string): ClosedSegment[] {
  if (disk.stat(directory) === null) return []
  const segments: ClosedSegment[] = []
  for (const { name } of disk.list(directory)) {
    const parsed = parseSegmentFileName(name)
    if (parsed === null || parsed.suffix !== SEGMENT_SUFFIXES.log || parsed.state !== '') continue
    const status = disk.stat(`${directory}/${name}`)
    if (status !== null) segments.push({ baseOffset: parsed.offset, sizeBytes: status.sizeBytes, modifiedMs: status.modifiedMs })
  }
  return segments
}

export interface ClosedLogOffsets {
  readonly logStartOffset: number
  /** Where the last compaction ended. */
  readonly cleanedOffset: number
}

/** Says yes rather too often: whoever opens the log looks again. */
export function isWorthOpening(
  segments: readonly ClosedSegment[],
  { logStartOffset, cleanedOffset }: ClosedLogOffsets,
  config: LogConfig,
  nowMs: number,
): boolean {
  const [first, second] = segments
  if (first === undefined || (second === undefined && first.sizeBytes === 0)) return false
  if (second !== undefined && second.baseOffset <= logStartOffset) return true
  let sizeBytes = 0
  let dirtyBytes = 0
  segments.forEach((segment, index) => {
    sizeBytes += segment.sizeBytes
    const endOffset = segments[index + 1]?.baseOffset ?? Number.MAX_SAFE_INTEGER
    const isClosed = index + 1 < segments.length || nowMs - segment.modifiedMs > Math.min(config.segmentMs, config.maxCompactionLagMs)
    if (isClosed && endOffset > cleanedOffset) dirtyBytes += segment.sizeBytes
  })
  const { cleanupPolicy, retentionMs, retentionBytes } = config
  if (cleanupPolicy.delete && retentionMs >= 0 && nowMs - first.modifiedMs > retentionMs) return true
  if (cleanupPolicy.delete && retentionBytes >= 0 && sizeBytes - first.sizeBytes >= retentionBytes) return true
  if (!cleanupPolicy.compact || dirtyBytes === 0) return false
  const isOverdue = nowMs - first.modifiedMs > config.maxCompactionLagMs
  return isOverdue || dirtyBytes > config.minCleanableDirtyRatio * sizeBytes
}
