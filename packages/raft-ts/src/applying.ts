/**
 * Handing what is committed to the application: in order, each entry once, one batch at a time. Only what is durable here as
 * well: an application that remembers having applied what its own log has lost would go on from a place that does not exist.
 */
import type { Entry } from './entries.ts'
import type { RaftState } from './state.ts'

export function applyNext(raft: RaftState): void {
  const { log, applying, effects, config } = raft
  if (applying.isBusy) return
  if (applying.restore !== null) {
    restoreWhenDurable(raft)
    return
  }
  const fromIndex = log.appliedIndex + 1
  const lastIndex = applicableIndex(raft)
  if (fromIndex > lastIndex) return
  const bytesMax = config.limits.bytesPerApply
  if (fromIndex >= log.recentIndex) {
    apply(raft, log.recent(fromIndex, lastIndex, Infinity, bytesMax))
  } else if (!applying.isReading) {
    applying.isReading = true
    effects.push({
      type: 'read-entries',
      purpose: { type: 'apply' },
      fromIndex,
      lastIndex: Math.min(lastIndex, log.recentIndex - 1),
      bytesMax,
    })
  }
}

/** What was read may have been overtaken by a snapshot meanwhile. */
export function onEntriesReadToApply(raft: RaftState, entries: readonly Entry[]): void {
  const { log, applying } = raft
  applying.isReading = false
  const isNext = !applying.isBusy && applying.restore === null && entries[0]?.index === log.appliedIndex + 1
  if (isNext && entries.every((entry) => entry.index <= applicableIndex(raft) && log.has(entry))) apply(raft, entries)
}

export function onApplied({ log, applying }: RaftState, index: number): void {
  applying.isBusy = false
  log.appliedTo(index)
}

function apply({ applying, effects }: RaftState, entries: readonly Entry[]): void {
  applying.isBusy = true
  effects.push({ type: 'apply', entries })
}

function restoreWhenDurable({ applying, log, effects }: RaftState): void {
  const { restore } = applying
  if (restore === null || restore.index > log.durableIndex) return
  applying.restore = null
  applying.isBusy = true
  effects.push({ type: 'restore', snapshot: restore })
}

function applicableIndex({ log }: RaftState): number {
  return Math.min(log.commitIndex, log.durableIndex)
}
