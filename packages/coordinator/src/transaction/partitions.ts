/** Sets of partitions, as lists by topic. */
import type { TopicPartitions } from './state.ts'

/** The same list if nothing is new. The order is that in which they came. */
export function withPartitions(present: readonly TopicPartitions[], added: readonly TopicPartitions[]): readonly TopicPartitions[] {
  const merged = byTopic(present)
  let isChanged = false
  for (const { topic, partitions } of added) {
    let known = merged.get(topic)
    if (known === undefined) {
      known = new Set()
      merged.set(topic, known)
    }
    const before = known.size
    for (const partition of partitions) known.add(partition)
    isChanged ||= known.size > before
  }
  return isChanged ? listOf(merged) : present
}

export function byTopic(list: readonly TopicPartitions[]): Map<string, Set<number>> {
  return new Map(list.map(({ topic, partitions }) => [topic, new Set(partitions)]))
}

export function listOf(sets: ReadonlyMap<string, ReadonlySet<number>>): readonly TopicPartitions[] {
  return [...sets].filter(([, partitions]) => partitions.size > 0).map(([topic, partitions]) => ({ topic, partitions: [...partitions] }))
}

const BYTES_OF_A_TOPIC = 8
const BYTES_OF_A_PARTITION = 4

/** No less than what they take in a record: names of topics are ASCII. */
export function partitionBytes(list: readonly TopicPartitions[]): number {
  let bytes = 0
  for (const { topic, partitions } of list) bytes += BYTES_OF_A_TOPIC + topic.length + BYTES_OF_A_PARTITION * partitions.length
  return bytes
}
