/** What a follower does with what its leader says: entries and heartbeats (paper, 5.3). */
import type { NodeId } from '../entries.ts'
import { resetElectionTimer } from '../hard-state.ts'
import { invariant } from '../invariants.ts'
import type { AppendRequest, HeartbeatRequest } from '../messages.ts'
import { onRecoveryAnswered } from '../recovery.ts'
import { appendToLog, becomeFollower } from '../roles.ts'
import { sendAfterHardState, sendAfterLog } from '../speaking.ts'
import type { Follower, RaftState } from '../state.ts'

/**
 * Somebody leads in this term, which is at least ours. Whatever this node was about to do, it follows now.
 *
 * That two lead in one term cannot happen. Where it seems to, votes were given twice or forgotten, and nothing that is
 * committed is safe any more: better to stop than to add to it.
 */
export function hearLeader(raft: RaftState, term: number, from: NodeId): Follower {
  if (term > raft.term) return becomeFollower(raft, term, from)
  invariant('I14', raft.role.type !== 'leader', () => `${from} leads in term ${term}, and so does this node`)
  if (raft.role.type !== 'follower') return becomeFollower(raft, term, from)
  const { leader } = raft.role
  invariant('I1', leader === null || leader === from, () => `${from} leads in term ${term}, and so does ${leader}`)
  raft.role.leader = from
  resetElectionTimer(raft)
  return raft.role
}

export function onAppendRequest(raft: RaftState, request: AppendRequest): void {
  const { log } = raft
  const { from, previous, entries, commitIndex } = request
  const follower = hearLeader(raft, request.term, from)
  if (previous.index < log.commitIndex) {
    // Maybe compacted here, and in any case the same as the leader's: no conflict, and nothing that needs a look.
    acceptTo(raft, follower, log.commitIndex)
    return
  }
  if (!log.has(previous)) {
    const hint = log.lastAtMost(previous)
    const isRecovering = raft.recovery !== null
    sendAfterHardState(raft, from, { type: 'append-rejected', rejectedIndex: previous.index, hint, isRecovering })
    return
  }
  // What is there already stays: an older message that arrives late must not cut off what newer ones brought.
  const firstNew = entries.findIndex((entry) => !log.has(entry))
  if (firstNew !== -1) replaceFrom(raft, entries.slice(firstNew))
  acceptTo(raft, follower, previous.index + entries.length)
  commitOnLeadersWord(raft, commitIndex)
}

export function onHeartbeatRequest(raft: RaftState, request: HeartbeatRequest): void {
  const { from, round, commitIndex, recovery } = request
  hearLeader(raft, request.term, from)
  commitOnLeadersWord(raft, commitIndex)
  onRecoveryAnswered(raft, recovery)
  const { verifiedIndex } = raft
  sendAfterHardState(raft, from, { type: 'heartbeat-response', round, verifiedIndex, recoveryId: raft.recovery?.id ?? null })
}

/** The log equals the leader's up to here; the leader is told when it is durable. */
export function acceptTo(raft: RaftState, follower: Follower, index: number): void {
  raft.verifiedIndex = Math.max(raft.verifiedIndex, index)
  if (follower.leader !== null) sendAfterLog(raft, follower.leader, { type: 'append-accepted', matchIndex: index })
}

function replaceFrom(raft: RaftState, entries: AppendRequest['entries']): void {
  const { log, memberships, writes } = raft
  const index = entries[0]?.index ?? log.last.index + 1
  if (index <= log.last.index) {
    invariant('I5', index > raft.verifiedIndex, () => `the leader contradicts itself at ${index}`)
    log.truncateFrom(index)
    memberships.truncateFrom(index)
    writes.logChanged()
  }
  appendToLog(raft, entries)
}

/** The leader may know of more than this node has seen to be the same: what lies beyond that may be something else here. */
function commitOnLeadersWord({ log, verifiedIndex }: RaftState, commitIndex: number): void {
  log.commitTo(Math.min(commitIndex, verifiedIndex))
}
