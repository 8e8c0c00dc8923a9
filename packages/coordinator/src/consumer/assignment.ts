/**
 * Which partitions somebody has: by topic id, in ascending order, so that two equal assignments are written the same way.
 */

/** Ascending lists without repetition; a topic of which nothing is assigned is not in the map. */
export type Assignment = ReadonlyMap<string, readonly number[]>

/** Topic and partitions as requests, responses and records hold them. */
export interface TopicPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export const NOTHING_ASSIGNED: Assignment = new Map()

/** In ascending order and once each, whatever order and repetition the list has. */
export function toAssignment(list: readonly TopicPartitions[]): Assignment {
  if (list.length === 0) return NOTHING_ASSIGNED
  const sets = new Map<string, Set<number>>()
  for (const { topicId, partitions } of list) {
    const set = sets.get(topicId) ?? new Set<number>()
    for (const partition of partitions) set.add(partition)
    if (set.size > 0) sets.set(topicId, set)
  }
  return new Map([...sets].map(([topicId, set]) => [topicId, [...set].sort(ascending)]))
}

export function toTopicPartitions(assignment: Assignment): TopicPartitions[] {
  return [...assignment].map(([topicId, partitions]) => ({ topicId, partitions })).sort(byTopicId)
}

export function isSameAssignment(left: Assignment, right: Assignment): boolean {
  if (left === right) return true
  if (left.size !== right.size) return false
  for (const [topicId, partitions] of left) {
    const others = right.get(topicId)
    if (others === undefined || others.length !== partitions.length) return false
    for (let index = 0; index < partitions.length; index += 1) if (partitions[index] !== others[index]) return false
  }
  return true
}

export function ascending(left: number, right: number): number {
  return left - right
}

export function byTopicId(left: { readonly topicId: string }, right: { readonly topicId: string }): number {
  return left.topicId < right.topicId ? -1 : left.topicId > right.topicId ? 1 : 0
}
