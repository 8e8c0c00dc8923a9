/** What a leader does with what its followers answer, and what it does as time passes. */
import type { AppendAccepted, AppendRejected, HeartbeatResponse } from '../messages.ts'
import { isQuorum, reachedByQuorum } from '../quorum/majority.ts'
import { becomeFollower } from '../roles.ts'
import { refuse, sendNow } from '../speaking.ts'
import { type Leader, type RaftState, voterSets } from '../state.ts'
import { commitByCounting } from './commit.ts'

export function tickLeader(raft: RaftState, leader: Leader): void {
  const { timers, config } = raft
  timers.electionElapsed += 1
  timers.heartbeatElapsed += 1
  for (const progress of leader.peers.values()) progress.stream?.tick(config.electionTicks)
  tickTransfer(raft, leader)
  if (timers.electionElapsed >= config.electionTicks) {
    timers.electionElapsed = 0
    if (!isQuorumActive(raft, leader)) {
      becomeFollower(raft, raft.term, null)
      return
    }
    for (const progress of leader.peers.values()) progress.isActive = false
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
  progress.isActive = true
  if (progress.accepted(matchIndex)) commitByCounting(raft, leader)
}

export function onAppendRejected(raft: RaftState, leader: Leader, rejection: AppendRejected): void {
  const { from, rejectedIndex, hint, isRecovering } = rejection
  const progress = leader.peers.get(from)
  if (progress === undefined) return
  progress.isActive = true
  // Skips a whole term at a time: entries of later terms than the hint's cannot be what the follower has there.
  const hintIndex = raft.log.lastAtMost(hint).index
  if (isRecovering && rejectedIndex <= progress.matchIndex) progress.lostEntries(hintIndex)
  else progress.rejected(rejectedIndex, hintIndex)
}

export function onHeartbeatResponse(raft: RaftState, leader: Leader, response: HeartbeatResponse): void {
  const { from, round, verifiedIndex, recoveryId } = response
  const progress = leader.peers.get(from)
  if (progress === undefined || round > leader.round) return
  progress.isActive = true
  progress.recoveryId = recoveryId
  progress.answeredHeartbeat()
  // Something was lost on the way, or by a restart: whoever is asked where it stands either accepts or says what it has.
  if (progress.matchIndex < raft.log.last.index || verifiedIndex < progress.matchIndex) progress.isCallWanted = true
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

function isQuorumActive(raft: RaftState, leader: Leader): boolean {
  return isQuorum(voterSets(raft), (id) => id === raft.config.id || leader.peers.get(id)?.isActive === true)
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
