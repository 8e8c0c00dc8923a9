/**
 * The roles of a node and what happens when it changes from one to another.
 *
 * follower -> pre-candidate: heard nobody for an election timeout.
 * pre-candidate -> candidate: a quorum would vote for it. follower -> candidate: the leader told it to take over.
 * candidate -> leader: a quorum voted for it, itself included once that vote is durable.
 * (pre-)candidate -> follower: a quorum refused, or there is a leader. any -> follower: there is a later term.
 * leader -> follower: no quorum answers any more, or it was removed from the group. any -> failed: its storage failed.
 */
import type { Entry, NodeId } from './entries.ts'
import { resetElectionTimer, setTerm, setVote } from './hard-state.ts'
import { invariant } from './invariants.ts'
import { membersOf } from './membership/membership.ts'
import { ReadQueue } from './reads/read-queue.ts'
import { Progress } from './replication/progress.ts'
import { Uncommitted } from './replication/uncommitted.ts'
import { refuse } from './speaking.ts'
import type { Candidate, Follower, Leader, PreCandidate, RaftState } from './state.ts'

/** In its term or a later one. Whom it follows may not be known yet. */
export function becomeFollower(raft: RaftState, term: number, leader: NodeId | null): Follower {
  const wasLeader = raft.role.type === 'leader'
  leaveLeadership(raft)
  if (term > raft.term) setTerm(raft, term)
  // Only what shows that somebody leads, or may, winds the timer again; otherwise who cannot win would keep the others from trying.
  if (wasLeader || leader !== null) resetElectionTimer(raft)
  const role: Follower = { type: 'follower', leader, receiving: null }
  raft.role = role
  return role
}

export function becomePreCandidate(raft: RaftState): PreCandidate {
  const role: PreCandidate = { type: 'pre-candidate', votes: new Map([[raft.config.id, true]]) }
  raft.role = role
  resetElectionTimer(raft)
  return role
}

export function becomeCandidate(raft: RaftState): Candidate {
  invariant('I12', raft.recovery === null, () => 'a recovering node campaigns')
  setTerm(raft, raft.term + 1)
  setVote(raft, raft.config.id)
  const role: Candidate = { type: 'candidate', votes: new Map() }
  raft.role = role
  resetElectionTimer(raft)
  return role
}

export function becomeLeader(raft: RaftState): Leader {
  const { log, config, writes, timers } = raft
  invariant('I2', raft.votedFor === config.id && writes.isHardStateDurable, () => 'leads without a durable vote for itself')
  const role: Leader = {
    type: 'leader',
    peers: new Map(),
    firstIndex: log.last.index + 1,
    sinceTick: timers.now,
    uncommitted: new Uncommitted(config.limits.uncommittedBytes),
    overrunTicks: 0,
    reads: new ReadQueue(),
    round: 0,
    roundLastIndex: 0,
    lease: { endTick: 0, sample: null, isForfeited: false },
    transfer: null,
  }
  raft.role = role
  resetElectionTimer(raft)
  // The first heartbeat need not wait.
  timers.heartbeatElapsed = config.heartbeatTicks
  followMembership(raft, role)
  appendToLog(raft, [firstEntry(raft)])
  return role
}

/** For good: what the disk holds now is not known, so nothing may be said any more that depends on it. */
export function becomeFailed(raft: RaftState): void {
  leaveLeadership(raft)
  raft.outbox.discard()
  raft.role = { type: 'failed' }
}

/** Adds to the end of the log. A membership is in force from here on. */
export function appendToLog(raft: RaftState, entries: readonly Entry[]): void {
  if (entries.length === 0) return
  raft.log.append(entries)
  raft.writes.logChanged()
  for (const entry of entries) {
    if (entry.type === 'membership') raft.memberships.append(entry.index, entry.membership)
  }
}

/** A leader looks after everybody in the membership in force, and nobody else: what others say does not reach it. */
export function followMembership(raft: RaftState, leader: Leader): void {
  const ids = membersOf(raft.memberships.inForce).filter((id) => id !== raft.config.id)
  const nextIndex = raft.log.last.index + 1
  leader.peers = new Map(ids.map((id) => [id, leader.peers.get(id) ?? new Progress(nextIndex, raft.config.limits)]))
}

/**
 * Nothing, or what nobody has written yet: who founded the group. Every log begins with that, so that a server which joins later
 * and reads from the beginning never has a stretch of log without knowing who was in the group.
 */
function firstEntry({ memberships, log, term }: RaftState): Entry {
  const index = log.last.index + 1
  if (memberships.inForceIndex > 0) return { type: 'noop', index, term }
  return { type: 'membership', index, term, membership: memberships.inForce }
}

function leaveLeadership(raft: RaftState): void {
  if (raft.role.type !== 'leader') return
  for (const context of raft.role.reads.abandon()) refuse(raft, context, 'leadership-lost')
}
