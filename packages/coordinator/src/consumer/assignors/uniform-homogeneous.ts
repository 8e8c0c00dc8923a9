/**
 * Uniform assignment when every member subscribes to the same topics.
 *
 * With P partitions and M members, P mod M members get one more than the others. Whoever has more already is one of those, and
 * everybody keeps as much of what they had as their share allows. No assignment that is as even moves fewer partitions.
 */
import { ascending, type Assignment } from '../assignment.ts'
import { type AssignableMember, type AssignorInput, compare, inFixedOrder } from './assignor.ts'

interface Share {
  readonly memberId: string
  readonly topics: Map<string, number[]>
  count: number
  size: number
}

export function assignHomogeneous(input: AssignorInput, topicIds: readonly string[]): ReadonlyMap<string, Assignment> {
  /** By topic, who has which partition: 1 for taken. */
  const taken = new Map<string, Uint8Array>()
  let partitionCount = 0
  for (const topicId of topicIds.toSorted(compare)) {
    const count = input.partitionCounts.get(topicId) ?? 0
    taken.set(topicId, new Uint8Array(count))
    partitionCount += count
  }
  const members = inFixedOrder(input.members)
  const least = Math.floor(partitionCount / members.length)
  const shares = members.map((member): Share => claim(member, taken, least))

  let withOneMore = partitionCount % members.length
  for (const share of shares) {
    if (withOneMore === 0) break
    if (share.count <= least) continue
    share.size += 1
    withOneMore -= 1
  }
  for (const share of shares) if (share.count > share.size) giveUp(share, taken)
  for (const share of shares) {
    if (withOneMore === 0) break
    if (share.size > least) continue
    share.size += 1
    withOneMore -= 1
  }
  deal(shares, taken)
  for (const { topics } of shares) for (const partitions of topics.values()) partitions.sort(ascending)
  return new Map(shares.map(({ memberId, topics }) => [memberId, topics]))
}

/** What the member had and may go on having, if nobody has it yet. */
function claim(member: AssignableMember, taken: ReadonlyMap<string, Uint8Array>, size: number): Share {
  const share: Share = { memberId: member.memberId, topics: new Map(), count: 0, size }
  for (const [topicId, partitions] of member.previous) {
    const marks = taken.get(topicId)
    if (marks === undefined) continue
    const kept = partitions.filter((partition) => marks[partition] === 0)
    for (const partition of kept) marks[partition] = 1
    if (kept.length === 0) continue
    share.topics.set(topicId, kept)
    share.count += kept.length
  }
  return share
}

/**
 * Cuts a share to its size, from the topics of which it has most: what remains, and what the others get, is spread over topics.
 * That is a level above which everything goes, found by bisection.
 */
function giveUp(share: Share, taken: ReadonlyMap<string, Uint8Array>): void {
  const excess = share.count - share.size
  const above = (level: number): number => {
    let sum = 0
    for (const partitions of share.topics.values()) sum += Math.max(0, partitions.length - level)
    return sum
  }
  let level = 0
  for (let high = share.count; high - level > 1; ) {
    const middle = Math.floor((level + high) / 2)
    if (above(middle) >= excess) level = middle
    else high = middle
  }
  let spared = above(level) - excess
  for (const topicId of [...share.topics.keys()].sort(compare)) {
    const partitions = share.topics.get(topicId) as number[]
    if (partitions.length <= level) continue
    const kept = level + (spared > 0 ? 1 : 0)
    if (spared > 0) spared -= 1
    const marks = taken.get(topicId) as Uint8Array
    for (const partition of partitions.splice(kept)) marks[partition] = 0
    if (partitions.length === 0) share.topics.delete(topicId)
  }
  share.count = share.size
}

/** Hands out what nobody has, in turn, so that the partitions of each topic go to different members. */
function deal(shares: readonly Share[], taken: ReadonlyMap<string, Uint8Array>): void {
  const open = shares.filter(({ count, size }) => count < size)
  let turn = 0
  for (const [topicId, marks] of taken) {
    for (let partition = 0; partition < marks.length; partition += 1) {
      if (marks[partition] !== 0) continue
      if (turn >= open.length) turn = 0
      const share = open[turn] as Share
      const partitions = share.topics.get(topicId)
      if (partitions === undefined) share.topics.set(topicId, [partition])
      else partitions.push(partition)
      share.count += 1
      if (share.count === share.size) open.splice(turn, 1)
      else turn += 1
    }
  }
}
