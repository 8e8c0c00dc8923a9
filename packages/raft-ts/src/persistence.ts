/** What storage is given to write next, and what follows when it has. */
import type { HardState } from './config.ts'
import type { Persist } from './effects.ts'
import { onHardStateDurable } from './election.ts'
import { commitByCounting } from './replication/commit.ts'
import type { RaftState } from './state.ts'

/**
 * Everything that has changed since the last write, in one. While as many writes as allowed are under way changes gather, so
 * that a slow disk is given fewer and larger ones.
 */
export function nextWrite(raft: RaftState): Persist | null {
  const { writes, log, config } = raft
  if (!writes.isWanted || writes.inFlight >= config.limits.writesInFlight) return null
  // Before the log is cut back it has to be known that this is no loss.
  const isCutBack = log.durableIndex < writes.writtenHardState.durableIndex
  const hardState = writes.isHardStateWanted || isCutBack ? hardStateOf(raft) : null
  const snapshot = writes.takeSnapshot()
  const seq = writes.next(hardState)
  return { type: 'persist', seq, hardState, snapshot, ...log.takeWrite(seq) }
}

export function onPersisted(raft: RaftState, seq: number): void {
  const { writes, log, outbox, role, config } = raft
  writes.done(seq)
  log.written(seq)
  log.evict(config.limits.recentBytes)
  outbox.written(writes.doneSeq)
  onHardStateDurable(raft)
  if (role.type === 'leader') commitByCounting(raft, role)
}

/** From time to time, not with each write: a restart finds out the rest, only a little later. */
export function refreshHints(raft: RaftState): void {
  const { writtenHardState } = raft.writes
  const { commitIndex, durableIndex } = hardStateOf(raft)
  if (commitIndex > writtenHardState.commitIndex || durableIndex > writtenHardState.durableIndex) raft.writes.hintChanged()
}

/** Its hints never pass what is durable: that would say that entries were lost. */
function hardStateOf({ term, votedFor, log, recovery }: RaftState): HardState {
  const { durableIndex } = log
  return { term, votedFor, commitIndex: Math.min(log.commitIndex, durableIndex), durableIndex, isRecovering: recovery !== null }
}
