/** Where messages go, and what their terms mean before anything else about them does (paper, 5.1). */
import { onPreVoteRequest, onPreVoteResponse, onTimeoutNow, onVoteRequest, onVoteResponse } from './election.ts'
import type {
  AppendRequest,
  AppendResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  Message,
  SnapshotRequest,
  SnapshotResponse,
} from './messages.ts'
import { isWellFormedMessage } from './messages-well-formed.ts'
import { onAppendRequest, onHeartbeatRequest } from './replication/following.ts'
import { onAppendAccepted, onAppendRejected, onHeartbeatResponse } from './replication/leading.ts'
import { becomeFollower } from './roles.ts'
import { onSnapshotRequest } from './snapshot/receiving-snapshots.ts'
import { onSnapshotResponse } from './snapshot/sending-snapshots.ts'
import { sendAfterHardState } from './speaking.ts'
import type { RaftState } from './state.ts'

export function onMessage(raft: RaftState, message: Message): void {
  if (!isWellFormedMessage(message) || !isForThisNode(raft, message)) return
  switch (message.type) {
    case 'pre-vote-request':
      return onPreVoteRequest(raft, message)
    case 'pre-vote-response':
      return onPreVoteResponse(raft, message)
    case 'vote-request':
      return onVoteRequest(raft, message)
    case 'vote-response':
      return onVoteResponse(raft, message)
    case 'timeout-now':
      return onTimeoutNow(raft, message)
    case 'append-request':
    case 'heartbeat-request':
    case 'snapshot-request':
      return onLeaderMessage(raft, message)
    default:
      return onFollowerMessage(raft, message)
  }
}

/** I13. A node that came back without its disk has another id, so what was meant for its former life does not reach it. */
function isForThisNode({ config }: RaftState, { groupId, from, to }: Message): boolean {
  return groupId === config.groupId && to === config.id && typeof from === 'string' && from !== '' && from !== config.id
}

/**
 * A leader of an older term is told that there is a later one, or it would go on for as long as the others answer it, while this
 * node, which does not, could neither follow it nor disturb it.
 */
function onLeaderMessage(raft: RaftState, message: AppendRequest | HeartbeatRequest | SnapshotRequest): void {
  if (message.term < raft.term) {
    sendAfterHardState(raft, message.from, { type: 'heartbeat-response', round: 0, verifiedIndex: 0, recoveryId: null })
    return
  }
  switch (message.type) {
    case 'append-request':
      return onAppendRequest(raft, message)
    case 'heartbeat-request':
      return onHeartbeatRequest(raft, message)
    case 'snapshot-request':
      return onSnapshotRequest(raft, message)
  }
}

/** Answers count for the leader they were meant for, and only in the term they were given in. */
function onFollowerMessage(raft: RaftState, message: AppendResponse | HeartbeatResponse | SnapshotResponse): void {
  if (message.term > raft.term) {
    becomeFollower(raft, message.term, null)
    return
  }
  if (message.term < raft.term || raft.role.type !== 'leader') return
  switch (message.type) {
    case 'append-accepted':
      return onAppendAccepted(raft, raft.role, message)
    case 'append-rejected':
      return onAppendRejected(raft, raft.role, message)
    case 'heartbeat-response':
      return onHeartbeatResponse(raft, raft.role, message)
    case 'snapshot-response':
      return onSnapshotResponse(raft, raft.role, message)
  }
}
