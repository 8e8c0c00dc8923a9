/**
 * Where in its file the recovery point of a partition lies: our own companion of `recovery-point-offset-checkpoint`.
 *
 * Kafka's checkpoint names an offset only, so after a crash the segment around it has to be read from its beginning to find
 * the place. With the place known, a partition that was not written to since is recognised by the size of its last file and
 * is not read at all, and one that was is read from there. Lines are
 * `topic partition recoveryPoint segmentBaseOffset position maxTimestamp maxTimestampOffset`.
 *
 * It is a hint with a proof: it counts only while its recovery point equals the one in Kafka's file, which is written after
 * it. Without it recovery reads the segment from the start, so another writer of the directory does no harm.
 */
import { formatLines, parseLines, parseWhole } from './lines.ts'

export const RECOVERY_POSITION_CHECKPOINT = 'recovery-position-checkpoint'

export interface RecoveryPosition {
  readonly recoveryPoint: number
  /** Base offset of the segment that holds the recovery point. */
  readonly segmentBaseOffset: number
  /** Bytes of that segment that lie before the recovery point. */
  readonly position: number
  /** Largest record timestamp in those bytes, -1 for none; so that the time index need not be rebuilt from them. */
  readonly maxTimestamp: number
  /** Last offset of the batch that holds it. */
  readonly maxTimestampOffset: number
}

export type RecoveryPositions = Map<string, RecoveryPosition>

/** Null when the file is damaged. */
export function parseRecoveryPositions(bytes: Uint8Array): RecoveryPositions | null {
  const lines = parseLines(bytes)
  if (lines === null) return null
  const positions: RecoveryPositions = new Map()
  for (const [topic, partition, ...texts] of lines) {
    const [recoveryPoint, segmentBaseOffset, position, maxTimestamp, maxTimestampOffset] = texts.map(parseWhole)
    if (topic === undefined || partition === undefined || texts.length !== 5) return null
    if (recoveryPoint == null || segmentBaseOffset == null || position == null) return null
    if (maxTimestamp == null || maxTimestampOffset == null || maxTimestamp < -1) return null
    if (segmentBaseOffset < 0 || segmentBaseOffset > recoveryPoint || position < 0) return null
    positions.set(`${topic}-${partition}`, { recoveryPoint, segmentBaseOffset, position, maxTimestamp, maxTimestampOffset })
  }
  return positions
}

export function formatRecoveryPositions(positions: ReadonlyMap<string, RecoveryPosition>): Uint8Array {
  const entries: string[] = []
  for (const [name, at] of positions) {
    const end = name.lastIndexOf('-')
    const key = `${name.slice(0, end)} ${name.slice(end + 1)}`
    entries.push(`${key} ${at.recoveryPoint} ${at.segmentBaseOffset} ${at.position} ${at.maxTimestamp} ${at.maxTimestampOffset}`)
  }
  return formatLines(entries)
}
