/** The partitions for which a group has an offset, committed or in an open transaction, each once. Taken down before any is deleted. */
import type { OffsetStore } from './offset-store.ts'

export interface OffsetPlace {
  readonly topic: string
  readonly partition: number
}

export function allOffsets(offsets: OffsetStore, groupId: string): readonly OffsetPlace[] {
  const places: OffsetPlace[] = []
  const committed = offsets.committed(groupId)
  for (const [topic, partitions] of committed ?? []) for (const partition of partitions.keys()) places.push({ topic, partition })
  const seen = new Map<string, Set<number>>()
  for (const [topic, partitions] of offsets.pending(groupId)) {
    const seenPartitions = seen.get(topic) ?? new Set()
    seen.set(topic, seenPartitions)
    for (const partition of partitions.keys()) {
      if (committed?.get(topic)?.has(partition) === true || seenPartitions.has(partition)) continue
      seenPartitions.add(partition)
      places.push({ topic, partition })
    }
  }
  return places
}
