/** `leader-epoch-checkpoint` of a partition: lines `epoch startOffset`, both ascending. */
import { formatLines, parseLines, parseWhole } from './lines.ts'

export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint'

export interface LeaderEpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

/** Null when the file is damaged. */
export function parseLeaderEpochCheckpoint(bytes: Uint8Array): readonly LeaderEpochEntry[] | null {
  const lines = parseLines(bytes)
  if (lines === null) return null
  const entries: LeaderEpochEntry[] = []
  for (const [first, second, ...rest] of lines) {
    const epoch = parseWhole(first)
    const startOffset = parseWhole(second)
    const before = entries.at(-1)
    if (epoch === null || startOffset === null || epoch < 0 || startOffset < 0 || rest.length > 0) return null
    if (before !== undefined && (epoch <= before.epoch || startOffset < before.startOffset)) return null
    entries.push({ epoch, startOffset })
  }
  return entries
}

export function formatLeaderEpochCheckpoint(entries: readonly LeaderEpochEntry[]): Uint8Array {
  return formatLines(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}
