/** When entries are committed, and what a leader does when one of them ends its own membership (paper, 5.4.2; dissertation, 4.2.2). */
import type { NodeId } from '../entries.ts'
import { isVoter } from '../membership/membership.ts'
import { reachedByQuorum } from '../quorum/majority.ts'
import { becomeFollower } from '../roles.ts'
import { sendNow } from '../speaking.ts'
import type { Progress } from './progress.ts'
import { type Leader, type RaftState, voterSets } from '../state.ts'

/**
 * Commits what is durable on a quorum. Only an entry of the leader's own term is committed by counting; what older leaders
 * left is committed with it. An older entry may be on a quorum and still be replaced.
 */
export function commitByCounting(raft: RaftState, leader: Leader): void {
  const { log, config } = raft
  const durableOn = (id: NodeId): number => (id === config.id ? log.durableIndex : (leader.peers.get(id)?.matchIndex ?? 0))
  const index = reachedByQuorum(voterSets(raft), durableOn)
  if (index <= log.commitIndex || log.termAt(index) !== raft.term) return
  log.commitTo(index)
  leader.uncommitted.committedTo(index)
  if (isRemoved(raft)) handOver(raft, leader)
}

/** Whether this leader has committed something of its own, and thereby everything that was committed before it led. */
export function hasCommittedInTerm({ log, term }: RaftState): boolean {
  return log.termAt(log.commitIndex) === term
}

function isRemoved({ memberships, log, config }: RaftState): boolean {
  return memberships.inForceIndex <= log.commitIndex && !isVoter(memberships.inForce, config.id)
}

/** Leaves the lead to whoever has most. If that gets lost, an election timeout does it. */
export function handOver(raft: RaftState, leader: Leader): void {
  const successor = mostAdvancedVoter(raft, leader)
  if (successor !== null) sendNow(raft, successor, { type: 'timeout-now' })
  becomeFollower(raft, raft.term, null)
}

export function mostAdvancedVoter(raft: RaftState, leader: Leader): NodeId | null {
  let best: NodeId | null = null
  for (const id of raft.memberships.inForce.voters) {
    const progress = leader.peers.get(id)
    if (progress === undefined || !isAbleToLead(raft, progress)) continue
    if (best === null || progress.matchIndex > (leader.peers.get(best)?.matchIndex ?? 0)) best = id
  }
  return best
}

/** It answers, and it lacks nothing that it once had. One whose storage has failed answers nothing. */
export function isAbleToLead({ timers, config }: RaftState, progress: Progress): boolean {
  return progress.recoveryId === null && progress.wasHeard(timers.now, config.electionTicks)
}
