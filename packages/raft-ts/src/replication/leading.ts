/** What a leader does with what its followers answer, and what it does as time passes. */
import type { NodeId } from '../entries.ts'
import type { AppendAccepted, AppendRejected, HeartbeatResponse } from '../messages.ts'
import { isQuorum, reachedByQuorum } from '../quorum/majority.ts'
import { becomeFollower } from '../roles.ts'
import { refuse, sendNow } from '../speaking.ts'
import { type Leader, type RaftState, voterSets } from '../state.ts'
import { commitByCounting, handOver, mostAdvancedVoter } from './commit.ts'
import type { Progress } from './progress.ts'

export function tickLeader(raft: RaftState, leader: Leader): void {
  const { timers, config } = raft
  timers.heartbeatElapsed += 1
  for (const progress of leader.peers.values()) progress.tick(config.electionTicks, progress.wasHeard(timers.now, config.electionTicks))
  tickTransfer(raft, leader)
  if (!isQuorumHeard(raft, leader)) {
    becomeFollower(raft, raft.term, null)
    return
  }
  leader.overrunTicks = leader.uncommitted.wasOverrun() ? leader.overrunTicks + 1 : 0
  if (leader.overrunTicks > config.electionTicks && isHoldingUp(raft, leader)) {
    handOver(raft, leader)
    return
  }
  if (timers.heartbeatElapsed >= config.heartbeatTicks) beginRound(raft, leader)
}

/** One heartbeat to everybody. Whoever answers confirms that this node still led when the round began. */
export function beginRound(raft: RaftState, leader: Leader): void {
  const { timers, log } = raft
  timers.heartbeatElapsed = 0
  leader.round += 1
  leader.roundLastIndex = log.last.index
  leader.lease.sample ??= { round: leader.round, tick: timers.now }
  leader.reads.roundBegan(leader.round)
  for (const [id, progress] of leader.peers) {
    const commitIndex = Math.min(log.commitIndex, progress.matchIndex)
    const recovery = progress.recoveryId === null ? null : { id: progress.recoveryId, lastIndex: log.last.index }
    sendNow(raft, id, { type: 'heartbeat-request', round: leader.round, commitIndex, recovery })
  }
  countAnswers(raft, leader)
}

export function onAppendAccepted(raft: RaftState, leader: Leader, { from, matchIndex }: AppendAccepted): void {
  const progress = leader.peers.get(from)
  if (progress === undefined || matchIndex > raft.log.last.index) return
  const isNews = progress.accepted(matchIndex)
  hear(raft, progress)
  if (isNews) commitByCounting(raft, leader)
}

function hear({ timers, log }: RaftState, progress: Progress): void {
  progress.heardTick = timers.now
  if (progress.matchIndex >= log.last.index) progress.caughtUpTick = timers.now
}

export function onAppendRejected(raft: RaftState, leader: Leader, rejection: AppendRejected): void {
  const { from, rejectedIndex, hint, isRecovering } = rejection
  const progress = leader.peers.get(from)
  if (progress === undefined) return
  hear(raft, progress)
  // Skips a whole term at a time: entries of later terms than the hint's cannot be what the follower has there.
  const hintIndex = raft.log.lastAtMost(hint).index
  if (isRecovering && rejectedIndex <= progress.matchIndex) progress.lostEntries(hintIndex)
  else progress.rejected(rejectedIndex, hintIndex)
}

export function onHeartbeatResponse(raft: RaftState, leader: Leader, response: HeartbeatResponse): void {
  const { from, round, verifiedIndex, recoveryId } = response
  const progress = leader.peers.get(from)
  if (progress === undefined || round > leader.round) return
  hear(raft, progress)
  // An answer from before its restart may come late, and knows nothing of it.
  if (round >= progress.ackedRound) progress.recoveryId = recoveryId
  progress.answeredHeartbeat()
  // Something was lost on the way, or by a restart: whoever is asked where it stands either accepts or says what it has.
  const isUnsure = progress.state === 'probe' || verifiedIndex < progress.matchIndex
  if (isUnsure || progress.matchIndex < raft.log.last.index) progress.isCallWanted = true
  if (round === leader.round) {
    progress.isCaughtUp = progress.matchIndex + raft.config.limits.promotionLagEntries >= leader.roundLastIndex
  }
  if (round > progress.ackedRound) {
    progress.ackedRound = round
    countAnswers(raft, leader)
  }
}

function countAnswers(raft: RaftState, leader: Leader): void {
  const { config } = raft
  const answered = (id: string): number => (id === config.id ? leader.round : (leader.peers.get(id)?.ackedRound ?? 0))
  const round = reachedByQuorum(voterSets(raft), answered)
  leader.reads.roundAnswered(round)
  const { lease } = leader
  if (lease.sample !== null && lease.sample.round <= round) {
    lease.endTick = lease.sample.tick + Math.floor(config.electionTicks / 2)
    lease.sample = null
  }
}

/** Those who have not answered yet are given the time of an election from its beginning. Only voters of now are asked. */
function isQuorumHeard(raft: RaftState, leader: Leader): boolean {
  const { timers, config } = raft
  const since = (id: NodeId): number => leader.peers.get(id)?.heardTick ?? leader.sinceTick
  return isQuorum(voterSets(raft), (id) => id === config.id || timers.now - since(id) < config.electionTicks)
}

/**
 * Clients are refused for want of room, and it is this leader's own disk that lags: some voter has everything. It would be the
 * better leader.
 */
function isHoldingUp(raft: RaftState, leader: Leader): boolean {
  const { last, durableIndex } = raft.log
  const successor = mostAdvancedVoter(raft, leader)
  return durableIndex < last.index && successor !== null && leader.peers.get(successor)?.matchIndex === last.index
}

/** A transfer that does not come about in the time of an election is given up, and proposals are accepted again. */
function tickTransfer(raft: RaftState, leader: Leader): void {
  const { transfer } = leader
  if (transfer === null) return
  transfer.ticks += 1
  if (transfer.ticks < raft.config.electionTicks) return
  leader.transfer = null
  refuse(raft, transfer.context, 'transfer-timed-out')
}
