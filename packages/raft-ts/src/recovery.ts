/**
 * A node that may have lost entries it once acknowledged. A leader counted on those, so until the node has them again it may
 * neither lead nor help another to lead who lacks them too.
 *
 * It answers heartbeats with a number that names this life of the process. A heartbeat that brings the number back also says
 * where the leader's log ends: all that was acknowledged to this leader lies below, and what was acknowledged to earlier ones
 * is in its log if it was committed. When the log equals the leader's up to there, durably, nothing is missing any more.
 * Until then the hard state says so too: a log that was repaired and continued does not look as if it had lost anything.
 */
import type { InitialState, RaftConfig } from './config.ts'
import type { HeartbeatRequest } from './messages.ts'
import type { RaftState, Recovery } from './state.ts'

/** A log that ends before what this node knew to be committed or durable has lost something, whoever says otherwise. */
export function initialRecovery({ isRecovering, hardState, log }: InitialState, { random }: RaftConfig): Recovery | null {
  const isShort = log.lastIndex < Math.max(hardState.commitIndex, hardState.durableIndex)
  if (isRecovering !== true && !hardState.isRecovering && !isShort) return null
  return { id: random() + 1, targetIndex: 0, targetTerm: 0 }
}

export function onRecoveryAnswered(raft: RaftState, answer: HeartbeatRequest['recovery']): void {
  const { recovery, term } = raft
  if (recovery === null || recovery.id !== answer?.id || recovery.targetTerm === term) return
  recovery.targetTerm = term
  recovery.targetIndex = answer.lastIndex
}

export function checkRecovered(raft: RaftState): void {
  const { recovery, log, term, verifiedIndex } = raft
  if (recovery === null || recovery.targetTerm === 0 || recovery.targetTerm !== term) return
  if (Math.min(verifiedIndex, log.durableIndex) < recovery.targetIndex) return
  raft.recovery = null
  raft.writes.hintChanged()
}
