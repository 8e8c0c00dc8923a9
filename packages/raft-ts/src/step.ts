/** Where events go. One event, one step, no waiting; the work of a step is bounded by the limits, never by the log. */
import { onApplied, onEntriesReadToApply } from './applying.ts'
import { onCampaignRequested, onLeaderUnreachable, tickElection } from './election.ts'
import type { RaftEvent } from './events.ts'
import { resetElectionTimer } from './hard-state.ts'
import { onPersisted, refreshHints } from './persistence.ts'
import { onMembershipChangeProposed, onProposed } from './proposals.ts'
import { dropLease, onReadRequested } from './reads/read-index.ts'
import { tickLeader } from './replication/leading.ts'
import { onEntriesReadToSend } from './replication/sending.ts'
import { becomeFailed } from './roles.ts'
import { onLogCompacted, onSnapshotTaken } from './snapshot/own-snapshots.ts'
import { onSnapshotChunkStored, onSnapshotReceived } from './snapshot/receiving-snapshots.ts'
import { onSnapshotRead, onSnapshotUnreadable } from './snapshot/sending-snapshots.ts'
import type { RaftState } from './state.ts'
import { onMessage } from './step-message.ts'
import { onTransferRequested } from './transfer.ts'

export function step(raft: RaftState, event: RaftEvent): void {
  const leader = raft.role.type === 'leader' ? raft.role : null
  // Requests are refused by every role but the leader's. Apart from that a failed node takes part in nothing.
  switch (event.type) {
    case 'proposed':
      return onProposed(raft, event.data, event.context)
    case 'membership-change-proposed':
      return onMembershipChangeProposed(raft, event.change, event.context)
    case 'read-requested':
      return onReadRequested(raft, event.context)
    case 'transfer-requested':
      return onTransferRequested(raft, event.to, event.context)
    default:
      if (raft.role.type === 'failed') return
  }
  switch (event.type) {
    case 'tick':
      return tick(raft, event.isStalled ?? false)
    case 'message-received':
      return onMessage(raft, event.message)
    case 'peer-unreachable': {
      const progress = leader?.peers.get(event.id)
      if (progress?.state === 'replicate') progress.probe()
      if (raft.role.type === 'follower' && raft.role.leader === event.id) onLeaderUnreachable(raft)
      return
    }
    case 'campaign-requested':
      return onCampaignRequested(raft)
    case 'persisted':
      return onPersisted(raft, event.seq)
    case 'storage-failed':
      return becomeFailed(raft)
    case 'entries-read':
      if (event.purpose.type === 'apply') return onEntriesReadToApply(raft, event.entries)
      if (leader !== null) onEntriesReadToSend(raft, leader, event.purpose.to, event.entries)
      return
    case 'applied':
      return onApplied(raft, event.index)
    case 'snapshot-taken':
      return onSnapshotTaken(raft, event.index)
    case 'log-compacted':
      return onLogCompacted(raft, event.index)
    case 'snapshot-read':
      if (leader !== null) onSnapshotRead(raft, leader, event)
      return
    case 'snapshot-unreadable':
      if (leader !== null) onSnapshotUnreadable(raft, leader, event.to, event.snapshot)
      return
    case 'snapshot-chunk-stored':
      return onSnapshotChunkStored(raft, event.snapshot, event.nextOffset)
    case 'snapshot-received':
      return onSnapshotReceived(raft, event.snapshot, event.isIntact)
    default:
      return unreachable(event)
  }
}

/**
 * After a pause a leader cannot know how long it was, and a follower cannot blame its leader for a silence that was its own:
 * it waits once more in full before it wants an election.
 */
function tick(raft: RaftState, isStalled: boolean): void {
  raft.timers.now += 1
  if (raft.timers.now % raft.config.electionTicks === 0) refreshHints(raft)
  if (raft.role.type === 'leader') {
    if (isStalled) dropLease(raft.role)
    tickLeader(raft, raft.role)
  } else if (isStalled) {
    resetElectionTimer(raft)
  } else {
    tickElection(raft)
  }
}

function unreachable(event: never): never {
  throw new TypeError(`unknown event ${JSON.stringify(event)}`)
}
