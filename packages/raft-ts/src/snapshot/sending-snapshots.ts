/** A leader's side of snapshots: chunks that were read go out, answers say where to go on. */
import type { LogPosition, NodeId } from '../entries.ts'
import type { SnapshotRead } from '../events.ts'
import type { SnapshotResponse } from '../messages.ts'
import type { Progress } from '../replication/progress.ts'
import { sendNow } from '../speaking.ts'
import type { Leader, RaftState } from '../state.ts'

export function onSnapshotRead(raft: RaftState, leader: Leader, { to, snapshot, offset, data, isLast }: SnapshotRead): void {
  const stream = streamOf(leader.peers.get(to), snapshot)
  if (stream === null || !stream.chunkRead(offset, data.length, isLast)) return
  sendNow(raft, to, { type: 'snapshot-request', snapshot: stream.snapshot, offset, data, isLast })
}

/** Begins again with the newest one, when the follower has shown that it is still there. */
export function onSnapshotUnreadable(raft: RaftState, leader: Leader, to: NodeId, snapshot: LogPosition): void {
  const progress = leader.peers.get(to)
  if (progress === undefined || streamOf(progress, snapshot) === null) return
  progress.probe()
  progress.unreadableTick = raft.timers.now
}

export function onSnapshotResponse(raft: RaftState, leader: Leader, { from, snapshot, nextOffset }: SnapshotResponse): void {
  const progress = leader.peers.get(from)
  if (progress === undefined) return
  progress.heardTick = raft.timers.now
  streamOf(progress, snapshot)?.acked(nextOffset)
}

function streamOf(progress: Progress | undefined, { index, term }: LogPosition): Progress['stream'] {
  const stream = progress?.stream ?? null
  return stream !== null && stream.snapshot.index === index && stream.snapshot.term === term ? stream : null
}
