/** What clients want appended. A leader appends it at once or refuses it at once; nothing is parked. */
import { entryBytes, type Entry } from './entries.ts'
import type { RequestContext } from './events.ts'
import type { RefusalReason } from './effects.ts'
import { changeMembership, type MembershipChange, votersChanged } from './membership/membership.ts'
import { invariant } from './invariants.ts'
import { commitByCounting, hasCommittedInTerm, isAbleToLead } from './replication/commit.ts'
import { appendToLog, followMembership } from './roles.ts'
import { refuse } from './speaking.ts'
import type { Leader, RaftState } from './state.ts'

export function onProposed(raft: RaftState, data: readonly Uint8Array[], context: RequestContext): void {
  const { role, log, term } = raft
  if (role.type !== 'leader') return refuse(raft, context, reasonNotLeading(raft))
  const firstIndex = log.last.index + 1
  const entries = data.map((bytes, position): Entry => ({ type: 'data', index: firstIndex + position, term, data: bytes }))
  const problem = proposalProblem(raft, role, entries)
  if (problem !== null) return refuse(raft, context, problem)
  accept(raft, role, entries, context)
}

/**
 * One server at a time, in force from the moment it is appended (dissertation, 4.1, with the correction of 2015: not before the
 * leader has committed something in its own term).
 */
export function onMembershipChangeProposed(raft: RaftState, change: MembershipChange, context: RequestContext): void {
  const { role, log, term, memberships } = raft
  if (role.type !== 'leader') return refuse(raft, context, reasonNotLeading(raft))
  const problem = changeProblem(raft, role, change)
  if (problem !== null) return refuse(raft, context, problem)
  const membership = changeMembership(memberships.inForce, change)
  if (typeof membership === 'string') return refuse(raft, context, membership)
  const changed = votersChanged(memberships.at(log.commitIndex), membership)
  invariant('I11', changed <= 1, () => `${changed} voters would change at once`)
  accept(raft, role, [{ type: 'membership', index: log.last.index + 1, term, membership }], context)
  followMembership(raft, role)
  // With fewer voters less may be enough.
  commitByCounting(raft, role)
}

export function reasonNotLeading({ role }: RaftState): RefusalReason {
  return role.type === 'failed' ? 'storage-failed' : 'not-leader'
}

function accept(raft: RaftState, leader: Leader, entries: readonly Entry[], context: RequestContext): void {
  const firstIndex = raft.log.last.index + 1
  appendToLog(raft, entries)
  const lastIndex = raft.log.last.index
  leader.uncommitted.add(lastIndex, bytesOf(entries))
  raft.effects.push({ type: 'accept', context, firstIndex, lastIndex, term: raft.term })
}

function proposalProblem({ config }: RaftState, leader: Leader, entries: readonly Entry[]): RefusalReason | null {
  if (leader.transfer !== null) return 'leadership-transfer'
  if (entries.length === 0) return 'empty'
  const bytes = bytesOf(entries)
  if (bytes > config.limits.bytesPerProposal) return 'too-large'
  return leader.uncommitted.hasRoom(bytes) ? null : 'too-many-waiting'
}

function changeProblem(raft: RaftState, leader: Leader, change: MembershipChange): RefusalReason | null {
  const { log, memberships } = raft
  if (leader.transfer !== null) return 'leadership-transfer'
  if (!hasCommittedInTerm(raft)) return 'leader-not-ready'
  if (memberships.inForceIndex > log.commitIndex) return 'change-in-progress'
  if (change.type !== 'promote') return null
  const progress = leader.peers.get(change.id)
  if (progress === undefined) return 'not-a-learner'
  return progress.isCaughtUp && isAbleToLead(raft, progress) ? null : 'not-caught-up'
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0)
}
