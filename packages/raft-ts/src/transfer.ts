/**
 * Handing the lead to another voter on purpose (dissertation, 3.10). The leader accepts no more proposals, brings the other's log
 * to its own end, and tells it once to begin an election now.
 */
import type { NodeId } from './entries.ts'
import type { RequestContext } from './events.ts'
import { isVoter } from './membership/membership.ts'
import { reasonNotLeading } from './proposals.ts'
import { isAbleToLead, mostAdvancedVoter } from './replication/commit.ts'
import { refuse, sendNow } from './speaking.ts'
import type { Leader, RaftState } from './state.ts'

export function onTransferRequested(raft: RaftState, wanted: NodeId | null, context: RequestContext): void {
  const { role, memberships } = raft
  if (role.type !== 'leader') return refuse(raft, context, reasonNotLeading(raft))
  if (role.transfer !== null) return refuse(raft, context, 'leadership-transfer')
  const to = wanted ?? mostAdvancedVoter(raft, role)
  const progress = to === null ? undefined : role.peers.get(to)
  if (to === null || progress === undefined || !isVoter(memberships.inForce, to)) return refuse(raft, context, 'not-a-voter')
  if (!isAbleToLead(raft, progress)) return refuse(raft, context, 'not-caught-up')
  role.transfer = { to, context, ticks: 0, isSent: false }
}

/** When the other has everything. The message may be late by any time: from now on no lease of this leader means anything. */
export function completeTransfer(raft: RaftState, leader: Leader): void {
  const { transfer } = leader
  if (transfer === null || transfer.isSent) return
  if (leader.peers.get(transfer.to)?.matchIndex !== raft.log.last.index) return
  transfer.isSent = true
  leader.lease.isForfeited = true
  sendNow(raft, transfer.to, { type: 'timeout-now' })
}
