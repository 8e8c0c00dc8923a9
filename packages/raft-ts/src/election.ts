/**
 * Elections: who asks for votes, and who gives one (paper, 5.2 and 5.4.1; dissertation, 4.2.3 and 9.6).
 *
 * Two rules beyond the paper keep a working group undisturbed. Before an election a node asks whether it could win. And who
 * hears from a leader ignores elections altogether, unless the leader itself has asked for one.
 */
import { isAtLeastAsUpToDate } from './entries.ts'
import { resetElectionTimer, setVote } from './hard-state.ts'
import { isVoter } from './membership/membership.ts'
import type { PreVoteRequest, PreVoteResponse, TimeoutNow, VoteRequest, VoteResponse } from './messages.ts'
import { voteResult } from './quorum/majority.ts'
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from './roles.ts'
import { sendAfterHardState, sendNow } from './speaking.ts'
import { type RaftState, voterSets } from './state.ts'

/** Time has passed for a node that does not lead. */
export function tickElection(raft: RaftState): void {
  const { timers, role } = raft
  timers.electionElapsed += 1
  if (timers.electionElapsed < timers.electionTimeout) return
  if (canCampaign(raft)) {
    startPreVote(raft)
    return
  }
  if (role.type === 'follower') role.leader = null
  resetElectionTimer(raft)
}

/**
 * Who cannot be reached is mostly gone. A follower stops counting on its leader, so that it helps to elect another one, and wants that
 * itself after a few heartbeats: a leader that lives is heard before. Where leases are in use it counts on its followers for longer.
 */
export function onLeaderUnreachable({ role, timers, config }: RaftState): void {
  if (role.type !== 'follower' || config.leaseReads) return
  role.leader = null
  const { heartbeatTicks, random } = config
  // The followers draw apart, or they would collide.
  const soon = timers.electionElapsed + heartbeatTicks + 1 + (random() % (2 * heartbeatTicks))
  timers.electionTimeout = Math.min(timers.electionTimeout, soon)
}

/**
 * A voter by the membership in force, or by the committed one: while the removal of a node is not committed, the group may
 * need it as leader to find that out.
 */
function canCampaign(raft: RaftState): boolean {
  const { role, recovery, memberships, log, config } = raft
  if (role.type === 'leader' || role.type === 'failed' || recovery !== null) return false
  return isVoter(memberships.inForce, config.id) || isVoter(memberships.at(log.commitIndex), config.id)
}

/** Not where a leader that is heard may count on it that nobody does this. */
export function onCampaignRequested(raft: RaftState): void {
  const isLeased = raft.config.leaseReads && hearsLeader(raft, raft.config.id)
  if (canCampaign(raft) && !isLeased) startPreVote(raft)
}

function startPreVote(raft: RaftState): void {
  const { votes } = becomePreCandidate(raft)
  const request = { type: 'pre-vote-request', lastLog: raft.log.last } as const
  for (const id of otherVoters(raft)) sendNow(raft, id, request, raft.term + 1)
  if (voteResult(voterSets(raft), (id) => votes.get(id)) === 'won') startElection(raft, false)
}

function startElection(raft: RaftState, isTransfer: boolean): void {
  becomeCandidate(raft)
  const request = { type: 'vote-request', lastLog: raft.log.last, isTransfer } as const
  for (const id of otherVoters(raft)) sendAfterHardState(raft, id, request)
}

/** Nothing follows from the answer: no term is taken over, no vote is given, no timer is reset. */
export function onPreVoteRequest(raft: RaftState, { from, term, lastLog }: PreVoteRequest): void {
  const isGranted = term > raft.term && mayVote(raft) && !hearsLeader(raft, from) && isAtLeastAsUpToDate(lastLog, raft.log.last)
  if (isGranted) sendNow(raft, from, { type: 'pre-vote-response', isGranted }, term)
  else sendAfterHardState(raft, from, { type: 'pre-vote-response', isGranted })
}

export function onPreVoteResponse(raft: RaftState, { from, term, isGranted }: PreVoteResponse): void {
  if (!isGranted && term > raft.term) {
    becomeFollower(raft, term, null)
    return
  }
  if (raft.role.type !== 'pre-candidate' || (isGranted && term !== raft.term + 1)) return
  const { votes } = raft.role
  votes.set(from, isGranted)
  const result = voteResult(voterSets(raft), (id) => votes.get(id))
  if (result === 'won') startElection(raft, false)
  if (result === 'lost') becomeFollower(raft, raft.term, null)
}

/**
 * A learner answers as a voter does, and so does who does not know the candidate: the membership they know may be older than
 * the candidate's. The candidate counts only those who are voters by its own.
 */
export function onVoteRequest(raft: RaftState, { from, term, lastLog, isTransfer }: VoteRequest): void {
  if (term > raft.term) {
    if (!isTransfer && hearsLeader(raft, from)) return
    becomeFollower(raft, term, null)
  }
  const isGranted = term === raft.term && isFreeToVoteFor(raft, from) && isAtLeastAsUpToDate(lastLog, raft.log.last)
  if (isGranted) {
    setVote(raft, from)
    resetElectionTimer(raft)
  }
  sendAfterHardState(raft, from, { type: 'vote-response', isGranted })
}

export function onVoteResponse(raft: RaftState, { from, term, isGranted }: VoteResponse): void {
  if (term > raft.term) {
    becomeFollower(raft, term, null)
    return
  }
  if (raft.role.type !== 'candidate' || term !== raft.term) return
  countVote(raft, from, isGranted)
}

/** The own vote counts when it is durable: otherwise a lone voter could lead a term that it then forgets. */
export function onHardStateDurable(raft: RaftState): void {
  if (raft.role.type === 'candidate' && raft.writes.isHardStateDurable) countVote(raft, raft.config.id, true)
}

/** Of the leader of this term only, and only where an election makes sense. */
export function onTimeoutNow(raft: RaftState, { from, term }: TimeoutNow): void {
  if (term > raft.term) becomeFollower(raft, term, from)
  if (term === raft.term && raft.role.type === 'follower' && canCampaign(raft)) startElection(raft, true)
}

function countVote(raft: RaftState, from: string, isGranted: boolean): void {
  if (raft.role.type !== 'candidate') return
  const { votes } = raft.role
  votes.set(from, isGranted)
  const result = voteResult(voterSets(raft), (id) => votes.get(id))
  if (result === 'won') becomeLeader(raft)
  // The term goes on, the vote stays given, and the timer runs on: trying again at once would only collide again.
  if (result === 'lost') becomeFollower(raft, raft.term, null)
}

/** A node that may have forgotten what it acknowledged must not help somebody to lead who does not know it either. */
function mayVote({ recovery }: RaftState): boolean {
  return recovery === null
}

function isFreeToVoteFor(raft: RaftState, candidate: string): boolean {
  if (!mayVote(raft)) return false
  const hasLeader = raft.role.type === 'leader' || (raft.role.type === 'follower' && raft.role.leader !== null)
  return raft.votedFor === candidate || (raft.votedFor === null && !hasLeader)
}

/**
 * Whether there is a leader that has been heard of within the shortest election timeout. Where that very leader wants to be
 * elected, it has been in a later term since or asks for one: it does not lead any more. Where leases are in use, a node that has
 * just started may have heard one before: it forgot, and the lease did not.
 */
function hearsLeader({ role, timers, config }: RaftState, candidate: string): boolean {
  if (role.type === 'leader') return true
  if (config.leaseReads && timers.now < config.electionTicks) return true
  return role.type === 'follower' && role.leader !== null && role.leader !== candidate && timers.electionElapsed < config.electionTicks
}

function otherVoters({ memberships, config }: RaftState): readonly string[] {
  return memberships.inForce.voters.filter((id) => id !== config.id)
}
