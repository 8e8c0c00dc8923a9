/**
 * What an assignor is: a pure function from members and topics to the assignment that the group is to have. It has no memory: all
 * stickiness comes from `previous`, which is the target assignment that the group had before.
 *
 * The promises that all of them keep, and that the property tests look for: every partition of a topic with a subscriber is
 * assigned exactly once, only subscribers get it, and the same input in any order gives the same result.
 */
import type { Assignment } from '../assignment.ts'

export interface AssignableMember {
  readonly memberId: string
  /** Of static members, who come back under another member id and are to get the same again. */
  readonly instanceId: string | null
  /** Topics that exist, each once. */
  readonly topicIds: readonly string[]
  readonly previous: Assignment
}

export interface AssignorInput {
  readonly members: readonly AssignableMember[]
  /** How many partitions a topic has: at least all topics that a member subscribes to. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

/** The assignment of each member by its id; members that get nothing may be missing. */
export type Assignor = (input: AssignorInput) => ReadonlyMap<string, Assignment>

/** By instance id where there is one. Which strings come first means nothing; that it is always the same does. */
export function inFixedOrder(members: readonly AssignableMember[]): AssignableMember[] {
  const named = members.map((member) => ({ member, name: member.instanceId ?? member.memberId }))
  named.sort((left, right) => compare(left.name, right.name) || compare(left.member.memberId, right.member.memberId))
  return named.map(({ member }) => member)
}

export function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
