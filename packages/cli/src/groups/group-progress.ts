/** How far a group has come: each partition that it has committed to or that one of its members has. */
import type { Admin, GroupDescription, PartitionName } from '@millrace/client'

export interface PartitionProgress extends PartitionName {
  /** The next record to read, as committed; null before the first commit. */
  readonly committed: number | null
  /** Null when the topic does not exist any more, or has no leader who could say. */
  readonly startOffset: number | null
  readonly endOffset: number | null
  /** How far `read_committed` consumers can read: to the first open transaction. */
  readonly stableEndOffset: number | null
  readonly lag: number | null
  /** The member that reads it; null when none does. */
  readonly memberId: string | null
  readonly exists: boolean
  readonly hasLeader: boolean
}

export async function groupProgress(admin: Admin, group: GroupDescription): Promise<PartitionProgress[]> {
  const owners = new Map(group.members.flatMap(({ memberId, assignment }) => (assignment ?? []).map((place) => [keyOf(place), memberId])))
  const offsets = new Map((await admin.groupOffsets(group.groupId)).map((entry) => [keyOf(entry), entry.offset]))
  const topics = new Map((await admin.listTopics({ includeInternal: true })).map((topic) => [topic.name, topic]))
  const subscribed = new Set(group.members.flatMap((member) => member.topics ?? []))
  const places = new Map<string, PartitionName>()
  for (const [name, topic] of topics) {
    if (subscribed.has(name)) for (const { partition } of topic.partitions) add(places, { topic: name, partition })
  }
  for (const key of [...owners.keys(), ...offsets.keys()]) add(places, placeOf(key))
  const all = [...places.values()].sort((left, right) =>
    left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1,
  )
  const led = all.filter(({ topic, partition }) => (topics.get(topic)?.partitions[partition]?.leaderId ?? null) !== null)
  const [starts, ends, stableEnds] = await Promise.all([
    admin.listOffsets(led.map((place) => ({ ...place, target: 'earliest' }))),
    admin.listOffsets(led.map((place) => ({ ...place, target: 'latest' }))),
    admin.listOffsets(
      led.map((place) => ({ ...place, target: 'latest' })),
      'read_committed',
    ),
  ])
  const indexes = new Map(led.map((place, index) => [keyOf(place), index]))
  return all.map((place): PartitionProgress => {
    const key = keyOf(place)
    const index = indexes.get(key) ?? -1
    const committed = offsets.get(key) ?? null
    const endOffset = ends[index]?.offset ?? null
    return {
      ...place,
      committed,
      startOffset: starts[index]?.offset ?? null,
      endOffset,
      stableEndOffset: stableEnds[index]?.offset ?? null,
      lag: committed === null || endOffset === null ? null : Math.max(0, endOffset - committed),
      memberId: owners.get(key) ?? null,
      exists: topics.get(place.topic)?.partitions[place.partition] !== undefined,
      hasLeader: index >= 0,
    }
  })
}

function add(places: Map<string, PartitionName>, place: PartitionName): void {
  places.set(keyOf(place), place)
}

/** No topic has a space in its name. */
function keyOf({ topic, partition }: PartitionName): string {
  return `${topic} ${partition}`
}

function placeOf(key: string): PartitionName {
  const [topic = '', partition = ''] = key.split(' ')
  return { topic, partition: Number(partition) }
}
