/** What storage is given to write next, and what follows when it has. */
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
  const hardState = writes.isHardStateWanted ? { term: raft.term, votedFor: raft.votedFor, commitIndex: commitHint(raft) } : null
  if (hardState !== null) raft.hintedCommitIndex = hardState.commitIndex
  const snapshot = writes.takeSnapshot()
  const seq = writes.next()
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

/** From time to time, not with each commit: a restart finds out the rest, only a little later. */
export function refreshCommitHint(raft: RaftState): void {
  if (commitHint(raft) > raft.hintedCommitIndex) raft.writes.hintChanged()
}

/** Never beyond what is durable: a hint that passes the end of the log says that entries were lost. */
function commitHint({ log }: RaftState): number {
  return Math.min(log.commitIndex, log.durableIndex)
}
