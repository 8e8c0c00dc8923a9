/**
 * What a leader sends to its followers: entries, and where those are gone, a snapshot. Called once for each batch of events, so
 * that proposals which came together leave together.
 */
import { entryBytes, type Entry, type NodeId } from '../entries.ts'
import { invariant } from '../invariants.ts'
import { sendNow } from '../speaking.ts'
import type { Leader, RaftState } from '../state.ts'
import type { Progress } from './progress.ts'

export function sendToFollowers(raft: RaftState, leader: Leader): void {
  for (const [id, progress] of leader.peers) {
    while (sendNext(raft, id, progress)) continue
    readSnapshotFor(raft, id, progress)
  }
}

/** Entries that were read from storage for one follower. They are of use only if it still needs just these. */
export function onEntriesReadToSend(raft: RaftState, leader: Leader, to: NodeId, entries: readonly Entry[]): void {
  const progress = leader.peers.get(to)
  if (progress === undefined) return
  progress.isReading = false
  const isNext = progress.state === 'replicate' && entries[0]?.index === progress.nextIndex
  if (isNext && entries.every((entry) => raft.log.has(entry))) send(raft, to, progress, entries)
}

/** Whether there may be more to send at once. */
function sendNext(raft: RaftState, id: NodeId, progress: Progress): boolean {
  const { log, snapshot } = raft
  if (progress.isPaused) return false
  if (log.termAt(progress.nextIndex - 1) === undefined) {
    if (isSnapshotUseful(raft, progress)) progress.sendSnapshot(snapshot)
    return false
  }
  const { isFull } = progress.inFlight
  const entries = isFull ? [] : nextEntries(raft, id, progress)
  const isCommitNews = !isFull && log.commitIndex > progress.sentCommitIndex
  if (entries.length === 0 && !progress.isCallWanted && !isCommitNews) return false
  send(raft, id, progress, entries)
  return entries.length > 0
}

/** Who does not answer has no use for a snapshot, which is the most expensive thing there is to send. */
function isSnapshotUseful(raft: RaftState, progress: Progress): boolean {
  const { timers, config } = raft
  return progress.wasHeard(timers.now, config.electionTicks) && (progress.unreadableTick ?? -1) < (progress.heardTick ?? 0)
}

function send(raft: RaftState, id: NodeId, progress: Progress, entries: readonly Entry[]): void {
  const { log } = raft
  const index = progress.nextIndex - 1
  const term = log.termAt(index)
  invariant('I4', term !== undefined, () => `the term at ${index} is not known any more, and is not 0 for that`)
  sendNow(raft, id, { type: 'append-request', previous: { index, term }, entries, commitIndex: log.commitIndex })
  progress.sentCommitIndex = log.commitIndex
  progress.sent(
    index + entries.length,
    entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0),
  )
}

/** From memory, or later: then storage is asked, once at a time for each follower. */
function nextEntries({ log, config, effects }: RaftState, id: NodeId, progress: Progress): readonly Entry[] {
  const { entriesPerMessage, bytesPerMessage } = config.limits
  const { nextIndex } = progress
  if (progress.isReading || nextIndex > log.last.index) return []
  if (nextIndex >= log.recentIndex) return log.recent(nextIndex, log.last.index, entriesPerMessage, bytesPerMessage)
  // A probe goes out without entries rather than late: they may not even be the ones that are needed.
  if (progress.state === 'probe') return []
  progress.isReading = true
  const lastIndex = Math.min(log.recentIndex - 1, nextIndex + entriesPerMessage - 1)
  effects.push({ type: 'read-entries', purpose: { type: 'send', to: id }, fromIndex: nextIndex, lastIndex, bytesMax: bytesPerMessage })
  return []
}

function readSnapshotFor({ config, effects }: RaftState, to: NodeId, { stream }: Progress): void {
  const offset = stream?.nextRead() ?? null
  if (stream === null || offset === null) return
  const { index, term } = stream.snapshot
  effects.push({ type: 'read-snapshot', to, snapshot: { index, term }, offset, bytesMax: config.limits.snapshotChunkBytes })
}
