/**
 * The `range` assignor: each topic's partitions are cut into as many consecutive ranges as it has subscribers. Topics with equally
 * many partitions and the same subscribers are cut alike, so that a member which joins two streams by key has both sides of it.
 *
 * A new member shifts the ranges of those after it: what `uniform` would leave in place, moves here. That is the price of the above.
 */
import type { Assignment } from '../assignment.ts'
import { type AssignorInput, compare, inFixedOrder } from './assignor.ts'

export function rangeAssignor(input: AssignorInput): ReadonlyMap<string, Assignment> {
  const subscribers = new Map<string, string[]>()
  for (const { memberId, topicIds } of inFixedOrder(input.members)) {
    for (const topicId of topicIds) {
      const known = subscribers.get(topicId)
      if (known === undefined) subscribers.set(topicId, [memberId])
      else known.push(memberId)
    }
  }
  const assigned = new Map<string, Map<string, number[]>>()
  for (const [topicId, memberIds] of [...subscribers].sort(([left], [right]) => compare(left, right))) {
    const count = input.partitionCounts.get(topicId) ?? 0
    const each = Math.floor(count / memberIds.length)
    const withOneMore = count % memberIds.length
    let next = 0
    for (const [index, memberId] of memberIds.entries()) {
      const size = each + (index < withOneMore ? 1 : 0)
      if (size === 0) break
      let topics = assigned.get(memberId)
      if (topics === undefined) assigned.set(memberId, (topics = new Map()))
      topics.set(
        topicId,
        Array.from({ length: size }, (_, offset) => next + offset),
      )
      next += size
    }
  }
  return assigned
}
