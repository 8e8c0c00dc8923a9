/** The application's own snapshots, and the removal of entries that they cover. */
import { invariant } from '../invariants.ts'
import type { SnapshotMeta } from '../messages.ts'
import type { RaftState } from '../state.ts'

/** What a snapshot of the application's state at this index stands for; `null` when one that reaches further is there already. */
export function snapshotMetaAt({ log, memberships, snapshot }: RaftState, index: number): SnapshotMeta | null {
  invariant('I16', index <= log.appliedIndex, () => `snapshot ${index} passes what was applied (${log.appliedIndex})`)
  const term = log.termAt(index)
  return term === undefined || index <= snapshot.index ? null : { index, term, membership: memberships.at(index) }
}

export function onSnapshotTaken(raft: RaftState, index: number): void {
  raft.snapshot = snapshotMetaAt(raft, index) ?? raft.snapshot
}

export function onLogCompacted({ log, memberships, snapshot }: RaftState, index: number): void {
  if (index <= log.compacted.index) return
  invariant('I16', index <= snapshot.index, () => `entries up to ${index} are gone, and the snapshot reaches ${snapshot.index} only`)
  log.compactTo(index)
  memberships.compactTo(index)
}

/**
 * Up to where entries may be removed: nothing that the snapshot does not cover, and nothing that a follower needs after a
 * snapshot which it is being sent, or has just got, or it would never arrive.
 */
export function compactableIndex({ snapshot, role }: RaftState): number {
  const kept = role.type === 'leader' ? [...role.peers.values()].map(({ keptIndex }) => keptIndex) : []
  return Math.min(snapshot.index, ...kept)
}
