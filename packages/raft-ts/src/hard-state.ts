/** Term and vote: the two things a node must never forget, and the timer that tells it when to want new ones. */
import type { NodeId } from './entries.ts'
import { invariant } from './invariants.ts'
import type { RaftState } from './state.ts'

export function setTerm(raft: RaftState, term: number): void {
  invariant('I2', term > raft.term, () => `term goes from ${raft.term} to ${term}`)
  raft.term = term
  raft.votedFor = null
  raft.verifiedIndex = 0
  raft.writes.hardStateChanged()
  raft.outbox.termChanged()
}

/** Whoever has this node's vote keeps it for the term: after stepping down, after a transfer, after a restart. */
export function setVote(raft: RaftState, votedFor: NodeId): void {
  if (raft.votedFor === votedFor) return
  invariant('I2', raft.votedFor === null, () => `second vote in term ${raft.term}: for ${votedFor} after ${raft.votedFor}`)
  raft.votedFor = votedFor
  raft.writes.hardStateChanged()
}

/** Drawn anew each time, so that two who collided once do not go on colliding. */
export function resetElectionTimer(raft: RaftState): void {
  const { electionTicks, random } = raft.config
  raft.timers.electionElapsed = 0
  raft.timers.electionTimeout = electionTicks + (random() % electionTicks)
}
