/**
 * A follower's side of snapshots: chunks are stored in order; when all are there and the whole is intact, the snapshot takes
 * the place of the log (paper, 7).
 */
import type { LogPosition } from '../entries.ts'
import type { SnapshotMeta, SnapshotRequest } from '../messages.ts'
import { acceptTo, hearLeader } from '../replication/following.ts'
import { sendAfterHardState } from '../speaking.ts'
import type { Follower, RaftState, SnapshotReception } from '../state.ts'

export function onSnapshotRequest(raft: RaftState, request: SnapshotRequest): void {
  const { snapshot, offset, data, isLast } = request
  const follower = hearLeader(raft, request.term, request.from)
  if (isNotNeeded(raft, follower, snapshot)) return
  const reception = receptionOf(follower, snapshot) ?? begin(follower, snapshot)
  if (offset === reception.receivedOffset && !reception.isComplete && hasRoom(raft, reception, data)) {
    reception.receivedOffset += data.length
    reception.isComplete = isLast
    raft.effects.push({ type: 'store-snapshot', snapshot, offset, data, isLast })
  } else {
    ask(raft, follower, reception)
  }
}

export function onSnapshotChunkStored(raft: RaftState, snapshot: LogPosition, nextOffset: number): void {
  if (raft.role.type !== 'follower') return
  const reception = receptionOf(raft.role, snapshot)
  if (reception === null || nextOffset > reception.receivedOffset) return
  reception.storedOffset = nextOffset
  ask(raft, raft.role, reception)
}

/** Whoever leads by now, or knows more by now, has no use for it: a snapshot never takes anything away. */
export function onSnapshotReceived(raft: RaftState, position: LogPosition, isIntact: boolean): void {
  const { role, log, memberships, writes, applying } = raft
  if (role.type !== 'follower') return
  const reception = receptionOf(role, position)
  if (reception === null || !reception.isComplete) return
  role.receiving = null
  if (!isIntact) {
    ask(raft, role, { ...reception, storedOffset: 0 })
    return
  }
  const { snapshot } = reception
  if (isNotNeeded(raft, role, snapshot)) return
  log.replaceBySnapshot(snapshot, Math.min(raft.verifiedIndex, snapshot.index))
  memberships.replaceBySnapshot(snapshot)
  raft.snapshot = snapshot
  applying.restore = snapshot
  writes.snapshotReceived(snapshot)
  acceptTo(raft, role, snapshot.index)
}

/** What is committed here, or is in the log anyhow, needs no snapshot; the log then keeps what comes after it. */
function isNotNeeded(raft: RaftState, follower: Follower, snapshot: SnapshotMeta): boolean {
  const { log } = raft
  if (snapshot.index > log.commitIndex && log.has(snapshot)) {
    log.commitTo(snapshot.index)
  }
  if (snapshot.index > log.commitIndex) return false
  follower.receiving = null
  acceptTo(raft, follower, log.commitIndex)
  return true
}

function begin(follower: Follower, snapshot: SnapshotMeta): SnapshotReception {
  follower.receiving = { snapshot, receivedOffset: 0, storedOffset: 0, isComplete: false }
  return follower.receiving
}

function ask(raft: RaftState, { leader }: Follower, { snapshot, storedOffset }: SnapshotReception): void {
  const { index, term } = snapshot
  if (leader === null) return
  sendAfterHardState(raft, leader, { type: 'snapshot-response', snapshot: { index, term }, nextOffset: storedOffset })
}

function receptionOf({ receiving }: Follower, { index, term }: LogPosition): SnapshotReception | null {
  return receiving !== null && receiving.snapshot.index === index && receiving.snapshot.term === term ? receiving : null
}

/**
 * A leader waits for answers, so this many bytes wait to be stored only when something is wrong. A piece that is larger, because
 * the leader has other limits, is taken when nothing waits.
 */
function hasRoom({ config }: RaftState, { receivedOffset, storedOffset }: SnapshotReception, data: Uint8Array): boolean {
  const { snapshotChunkBytes, snapshotChunksInFlight } = config.limits
  return receivedOffset === storedOffset || receivedOffset + data.length - storedOffset <= 2 * snapshotChunkBytes * snapshotChunksInFlight
}
