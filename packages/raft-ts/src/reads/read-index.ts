/**
 * Reads that see everything which was acknowledged before they were asked, without a write to the log (dissertation, 6.4).
 * The queue beside this file says what a read waits for.
 */
import type { RequestContext } from '../events.ts'
import { reasonNotLeading } from '../proposals.ts'
import { hasCommittedInTerm } from '../replication/commit.ts'
import { refuse } from '../speaking.ts'
import type { Leader, RaftState } from '../state.ts'

export function onReadRequested(raft: RaftState, context: RequestContext): void {
  const { role, log, config } = raft
  if (role.type !== 'leader') return refuse(raft, context, reasonNotLeading(raft))
  // Until then the commit index may be older than what an earlier leader has acknowledged.
  if (!hasCommittedInTerm(raft)) return refuse(raft, context, 'leader-not-ready')
  if (role.reads.length >= config.limits.waitingReads) return refuse(raft, context, 'too-many-waiting')
  if (holdsLease(raft, role)) role.reads.addConfirmed(context, log.commitIndex)
  else role.reads.add(context, log.commitIndex)
}

export function answerReads({ effects, log }: RaftState, leader: Leader): void {
  for (const { context, index } of leader.reads.take(log.appliedIndex)) effects.push({ type: 'answer-read', context, index })
}

/** The driver was stopped for a time that no tick counted: what was measured in ticks means nothing. */
export function dropLease({ lease }: Leader): void {
  lease.endTick = 0
  lease.sample = null
}

function holdsLease({ config, timers }: RaftState, { lease }: Leader): boolean {
  return config.leaseReads && !lease.isForfeited && timers.now < lease.endTick
}
