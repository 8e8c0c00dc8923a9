/**
 * One offset per partition of a log directory: `recovery-point-offset-checkpoint`, `replication-offset-checkpoint` (high
 * watermarks), `log-start-offset-checkpoint` and `cleaner-offset-checkpoint`. Lines are `topic partition offset`.
 */
import { formatLines, parseLines, parseWhole } from './lines.ts'

export const RECOVERY_POINT_CHECKPOINT = 'recovery-point-offset-checkpoint'
export const HIGH_WATERMARK_CHECKPOINT = 'replication-offset-checkpoint'
export const LOG_START_CHECKPOINT = 'log-start-offset-checkpoint'
export const CLEANER_CHECKPOINT = 'cleaner-offset-checkpoint'

/** Offsets by directory name of the partition (`orders-0`). */
export type OffsetCheckpoint = Map<string, number>

/** Null when the file is damaged. */
export function parseOffsetCheckpoint(bytes: Uint8Array): OffsetCheckpoint | null {
  const lines = parseLines(bytes)
  if (lines === null) return null
  const offsets: OffsetCheckpoint = new Map()
  for (const [topic, partition, offset, ...rest] of lines) {
    const value = parseWhole(offset)
    const number = parseWhole(partition)
    if (topic === undefined || number === null || number < 0 || value === null || value < 0 || rest.length > 0) return null
    offsets.set(`${topic}-${number}`, value)
  }
  return offsets
}

export function formatOffsetCheckpoint(offsets: ReadonlyMap<string, number>): Uint8Array {
  const entries: string[] = []
  for (const [name, offset] of offsets) {
    const end = name.lastIndexOf('-')
    entries.push(`${name.slice(0, end)} ${name.slice(end + 1)} ${offset}`)
  }
  return formatLines(entries)
}
