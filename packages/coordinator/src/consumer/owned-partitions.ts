/**
 * Which partitions a member has, and since when: by topic id and partition, the group epoch in which it came to the member. The epoch
 * lets a member commit offsets of what it has had all along, although its own epoch has gone on (KIP-1251).
 */
import { ascending, type Assignment, byTopicId, type TopicPartitions } from './assignment.ts'
import type { CurrentAssignmentValue } from '../records/consumer-group-records.ts'

export type OwnedPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>

export const OWNS_NOTHING: OwnedPartitions = new Map()

export type OwnedPartitionsRecord = CurrentAssignmentValue['assignedPartitions']

/** Records of older versions have no epochs: the member's is then the best that is known, and too high does no harm. */
export function fromRecord(list: OwnedPartitionsRecord, memberEpoch: number): OwnedPartitions {
  return new Map(
    list.map(({ topicId, partitions, assignmentEpochs }) => [
      topicId,
      new Map(partitions.map((partition, index) => [partition, assignmentEpochs?.[index] ?? memberEpoch])),
    ]),
  )
}

export function toRecord(owned: OwnedPartitions): OwnedPartitionsRecord {
  return [...owned]
    .map(([topicId, epochs]) => {
      const partitions = [...epochs.keys()].sort(ascending)
      return { topicId, partitions, assignmentEpochs: partitions.map((partition) => epochs.get(partition) as number) }
    })
    .sort(byTopicId)
}

export function withEpoch(assignment: Assignment, epoch: number): OwnedPartitions {
  return new Map([...assignment].map(([topicId, partitions]) => [topicId, new Map(partitions.map((partition) => [partition, epoch]))]))
}

export function partitionsOf(owned: OwnedPartitions): TopicPartitions[] {
  return [...owned].map(([topicId, epochs]) => ({ topicId, partitions: [...epochs.keys()].sort(ascending) })).sort(byTopicId)
}

/** What is in either, each partition with the later of its epochs. */
export function union(left: OwnedPartitions, right: OwnedPartitions): OwnedPartitions {
  const all = new Map([...left].map(([topicId, epochs]) => [topicId, new Map(epochs)]))
  for (const [topicId, epochs] of right) {
    const known = all.get(topicId) ?? new Map<number, number>()
    for (const [partition, epoch] of epochs) known.set(partition, Math.max(epoch, known.get(partition) ?? epoch))
    all.set(topicId, known)
  }
  return all
}

export function owns(owned: OwnedPartitions, topicId: string, partition: number): boolean {
  return owned.get(topicId)?.has(partition) === true
}

export function ownsAny(owned: OwnedPartitions, list: readonly TopicPartitions[]): boolean {
  return list.some(({ topicId, partitions }) => partitions.some((partition) => owns(owned, topicId, partition)))
}

export function ownsAll(owned: OwnedPartitions, list: readonly TopicPartitions[]): boolean {
  return list.every(({ topicId, partitions }) => partitions.every((partition) => owns(owned, topicId, partition)))
}

/** Whether the same partitions are owned; since when does not matter. */
export function isSameOwnership(left: OwnedPartitions, right: OwnedPartitions): boolean {
  if (left === right) return true
  if (left.size !== right.size) return false
  for (const [topicId, epochs] of left) {
    const others = right.get(topicId)
    if (others === undefined || others.size !== epochs.size) return false
    for (const partition of epochs.keys()) if (!others.has(partition)) return false
  }
  return true
}
