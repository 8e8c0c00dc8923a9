/**
 * The `uniform` assignor, the one that groups have unless they ask for another: members get equally many partitions, or as nearly
 * so as their subscriptions allow, and what they had they keep as far as that leaves it to them.
 *
 * When all members subscribe to the same topics there is a formula (`uniform-homogeneous.ts`); otherwise loads are levelled step by
 * step (`uniform-heterogeneous.ts`). Racks are not looked at.
 */
import type { Assignment } from '../assignment.ts'
import type { AssignorInput } from './assignor.ts'
import { assignHeterogeneous } from './uniform-heterogeneous.ts'
import { assignHomogeneous } from './uniform-homogeneous.ts'

export function uniformAssignor(input: AssignorInput): ReadonlyMap<string, Assignment> {
  const [first, ...others] = input.members
  if (first === undefined) return new Map()
  const isHomogeneous = others.every(({ topicIds }) => hasSameTopics(first.topicIds, topicIds))
  return isHomogeneous ? assignHomogeneous(input, first.topicIds) : assignHeterogeneous(input)
}

function hasSameTopics(left: readonly string[], right: readonly string[]): boolean {
  if (left === right) return true
  if (left.length !== right.length) return false
  if (left.every((topicId, index) => right[index] === topicId)) return true
  const known = new Set(left)
  return right.every((topicId) => known.has(topicId))
}
