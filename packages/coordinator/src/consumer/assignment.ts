/**
 * Which partitions somebody has: by topic id, in ascending order, so that two equal assignments are written the same way.
 */

/** Ascending lists without repetition; a topic of which nothing is assigned is not in the map. */
export type Assignment = ReadonlyMap<string, readonly number[]>

export const NOTHING_ASSIGNED: Assignment = new Map()

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
