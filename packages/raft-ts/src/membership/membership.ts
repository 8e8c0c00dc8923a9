/**
 * Who is in the group. One server is added, promoted or removed at a time, so that any quorum of the old voters and any
 * quorum of the new ones have a member in common.
 */
import type { NodeId } from '../entries.ts'

export interface Membership {
  /** Sorted, without repetitions. Invariant: no id is voter and learner at once. */
  readonly voters: readonly NodeId[]
  /** Sorted, without repetitions. They receive entries and have no vote. */
  readonly learners: readonly NodeId[]
}

export const EMPTY_MEMBERSHIP: Membership = { voters: [], learners: [] }

/** A server enters as a learner, and becomes a voter when it has caught up. To replace a server: add, promote, remove the old one. */
export type MembershipChange =
  | { readonly type: 'add-learner'; readonly id: NodeId }
  | { readonly type: 'promote'; readonly id: NodeId }
  | { readonly type: 'remove'; readonly id: NodeId }

export type MembershipChangeProblem = 'already-a-member' | 'not-a-learner' | 'not-a-member' | 'last-voter'

/** The membership as this package keeps it: sorted, so that whatever follows from it happens in the same order everywhere. */
export function membershipOf(voters: readonly NodeId[], learners: readonly NodeId[] = []): Membership {
  return { voters: [...new Set(voters)].toSorted(), learners: [...new Set(learners)].toSorted() }
}

export function isVoter(membership: Membership, id: NodeId): boolean {
  return membership.voters.includes(id)
}

export function isMember(membership: Membership, id: NodeId): boolean {
  return membership.voters.includes(id) || membership.learners.includes(id)
}

export function membersOf(membership: Membership): readonly NodeId[] {
  return [...membership.voters, ...membership.learners].toSorted()
}

/** Whether it could ever be in force: sorted, unique and disjoint. An empty one is well formed: that of a node nobody has told yet. */
export function isWellFormedMembership({ voters, learners }: Membership): boolean {
  return isStrictlySorted(voters) && isStrictlySorted(learners) && !learners.some((id) => voters.includes(id))
}

export function changeMembership(membership: Membership, change: MembershipChange): Membership | MembershipChangeProblem {
  const { voters, learners } = membership
  const { id } = change
  switch (change.type) {
    case 'add-learner':
      return isMember(membership, id) ? 'already-a-member' : membershipOf(voters, [...learners, id])
    case 'promote':
      return learners.includes(id) ? membershipOf([...voters, id], without(learners, id)) : 'not-a-learner'
    case 'remove':
      if (!isMember(membership, id)) return 'not-a-member'
      if (voters.length === 1 && voters[0] === id) return 'last-voter'
      return membershipOf(without(voters, id), without(learners, id))
  }
}

/** By how many voters two memberships differ. More than one at a time, and two quorums may have nobody in common. */
export function votersChanged(from: Membership, to: Membership): number {
  const removed = from.voters.filter((id) => !to.voters.includes(id)).length
  const added = to.voters.filter((id) => !from.voters.includes(id)).length
  return removed + added
}

function without(ids: readonly NodeId[], id: NodeId): readonly NodeId[] {
  return ids.filter((other) => other !== id)
}

function isStrictlySorted(ids: readonly NodeId[]): boolean {
  return ids.every((id, position) => position === 0 || (ids[position - 1] ?? '') < id)
}
