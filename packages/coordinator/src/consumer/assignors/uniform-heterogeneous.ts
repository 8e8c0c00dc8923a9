/**
 * Uniform assignment when members subscribe to different topics.
 *
 * Members keep what they had; what nobody has goes to the subscriber with the least; then loads are levelled topic by topic, until no
 * partition could move to a subscriber who has at least two fewer. Each move makes the sum of squared loads smaller, so that ends.
 */
import type { Assignment } from '../assignment.ts'
import { type AssignableMember, type AssignorInput, compare, inFixedOrder } from './assignor.ts'

const NOBODY = -1

interface Topic {
  readonly topicId: string
  /** Indexes of members, ascending. */
  readonly subscribers: number[]
  /** By partition, the index of the member that has it, or `NOBODY`. */
  readonly owners: Int32Array
}

export function assignHeterogeneous(input: AssignorInput): ReadonlyMap<string, Assignment> {
  const members = inFixedOrder(input.members)
  const topics = topicsOf(members, input.partitionCounts)
  const loads = new Int32Array(members.length)
  for (const [index, member] of members.entries()) keepPrevious(index, member, topics, loads)
  // The fewer can take a topic, the earlier it is handed out; those whom many can take even out what that leaves uneven.
  const order = [...topics.values()].sort(
    (left, right) => left.subscribers.length - right.subscribers.length || compare(left.topicId, right.topicId),
  )
  for (const topic of order) handOut(topic, loads)
  levelAll(order, members, topics, loads)
  return collect(members, order)
}

function topicsOf(members: readonly AssignableMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, Topic> {
  const topics = new Map<string, Topic>()
  for (const [index, { topicIds }] of members.entries()) {
    for (const topicId of topicIds) {
      const known = topics.get(topicId)
      if (known === undefined) {
        const owners = new Int32Array(partitionCounts.get(topicId) ?? 0).fill(NOBODY)
        topics.set(topicId, { topicId, subscribers: [index], owners })
      } else if (known.subscribers.at(-1) !== index) known.subscribers.push(index)
    }
  }
  return topics
}

function keepPrevious(index: number, member: AssignableMember, topics: ReadonlyMap<string, Topic>, loads: Int32Array): void {
  if (member.previous.size === 0) return
  const subscribed = new Set(member.topicIds)
  for (const [topicId, partitions] of member.previous) {
    const topic = topics.get(topicId)
    if (topic === undefined || !subscribed.has(topicId)) continue
    for (const partition of partitions) {
      if (topic.owners[partition] !== NOBODY) continue
      topic.owners[partition] = index
      loads[index] = loadOf(loads, index) + 1
    }
  }
}

function handOut(topic: Topic, loads: Int32Array): void {
  for (let partition = 0; partition < topic.owners.length; partition += 1) {
    if (topic.owners[partition] !== NOBODY) continue
    const owner = leastLoaded(topic.subscribers, loads)
    topic.owners[partition] = owner
    loads[owner] = loadOf(loads, owner) + 1
  }
}

function levelAll(
  order: readonly Topic[],
  members: readonly AssignableMember[],
  topics: ReadonlyMap<string, Topic>,
  loads: Int32Array,
): void {
  let uneven = new Set(order)
  while (uneven.size > 0) {
    const next = new Set<Topic>()
    for (const topic of order) {
      if (!uneven.has(topic)) continue
      for (const index of level(topic, loads)) {
        for (const topicId of (members[index] as AssignableMember).topicIds) next.add(topics.get(topicId) as Topic)
      }
    }
    uneven = next
  }
}

/** Moves partitions of one topic from those with most to those with least. Returns the members whose load has changed. */
function level(topic: Topic, loads: Int32Array): Set<number> {
  const changed = new Set<number>()
  if (isLevel(topic, loads)) return changed
  const owned = new Map<number, number[]>()
  for (const [partition, owner] of topic.owners.entries()) {
    const partitions = owned.get(owner)
    if (partitions === undefined) owned.set(owner, [partition])
    else partitions.push(partition)
  }
  for (;;) {
    const giver = mostLoaded(owned, loads)
    const taker = leastLoaded(topic.subscribers, loads)
    if (giver === NOBODY || loadOf(loads, giver) - loadOf(loads, taker) < 2) return changed
    const given = owned.get(giver) as number[]
    const partition = given.pop() as number
    if (given.length === 0) owned.delete(giver)
    const taken = owned.get(taker)
    if (taken === undefined) owned.set(taker, [partition])
    else taken.push(partition)
    topic.owners[partition] = taker
    loads[giver] = loadOf(loads, giver) - 1
    loads[taker] = loadOf(loads, taker) + 1
    changed.add(giver).add(taker)
  }
}

function isLevel({ subscribers, owners }: Topic, loads: Int32Array): boolean {
  let most = 0
  for (const owner of owners) most = Math.max(most, loadOf(loads, owner))
  return most - loadOf(loads, leastLoaded(subscribers, loads)) < 2
}

function mostLoaded(owned: ReadonlyMap<number, unknown>, loads: Int32Array): number {
  let most = NOBODY
  for (const index of owned.keys()) if (most === NOBODY || isMoreLoaded(index, most, loads)) most = index
  return most
}

/** Ties are broken by the order of members: the order of a map must not decide. */
function isMoreLoaded(left: number, right: number, loads: Int32Array): boolean {
  const difference = loadOf(loads, left) - loadOf(loads, right)
  return difference > 0 || (difference === 0 && left > right)
}

function leastLoaded(subscribers: readonly number[], loads: Int32Array): number {
  let least = subscribers[0] as number
  for (const index of subscribers) if (loadOf(loads, index) < loadOf(loads, least)) least = index
  return least
}

function loadOf(loads: Int32Array, index: number): number {
  return loads[index] as number
}

function collect(members: readonly AssignableMember[], order: readonly Topic[]): ReadonlyMap<string, Assignment> {
  const assigned = members.map(() => new Map<string, number[]>())
  for (const { topicId, owners } of order) {
    for (const [partition, owner] of owners.entries()) {
      const topics = assigned[owner] as Map<string, number[]>
      const partitions = topics.get(topicId)
      if (partitions === undefined) topics.set(topicId, [partition])
      else partitions.push(partition)
    }
  }
  return new Map(members.map(({ memberId }, index) => [memberId, assigned[index] as Assignment]))
}
