/**
 * What changed from one image to a later one, by a batch of records or by a snapshot: the names of things, with the topics'
 * images before and after, so that an observer looks only at what moved. Never a second copy of the state: the values are in
 * the two images.
 */
import type { ConfigResourceType } from '../records/metadata-record.ts'
import type { BrokerImage, ClusterImage, ConfigOverrides } from './cluster-image.ts'
import type { TopicImage } from './topics-image.ts'

export interface ImageDelta {
  /** By topic id, so that a topic which was deleted and made again in one batch is two entries. */
  readonly topics: ReadonlyMap<string, TopicDelta>
  readonly configs: readonly ConfigResource[]
  /** Brokers that registered, are gone, or whose registration changed. */
  readonly brokers: ReadonlySet<number>
  readonly featuresChanged: boolean
  readonly producerIdsChanged: boolean
}

export interface TopicDelta {
  /** Null: the topic was created. */
  readonly before: TopicImage | null
  /** Null: the topic was deleted. */
  readonly after: TopicImage | null
  /** Partitions that were created or changed; empty when the topic was deleted. */
  readonly partitions: ReadonlySet<number>
}

export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}

/**
 * What changed between two images of one cluster, the later one not made from the earlier: a snapshot takes the place of the
 * batches that lie between. Proportional to the images, unlike the delta that comes with a batch.
 */
export function imageDelta(before: ClusterImage, after: ClusterImage): ImageDelta {
  return {
    topics: topicDeltas(before, after),
    configs: (['topic', 'broker', 'group'] as const).flatMap((type) => changedConfigs(before, after, type)),
    brokers: new Set(
      [...before.brokers.keys(), ...after.brokers.keys()].filter((id) => !isSameBroker(before.brokers.get(id), after.brokers.get(id))),
    ),
    featuresChanged: !isSameMap(before.features, after.features),
    producerIdsChanged: before.nextProducerId !== after.nextProducerId,
  }
}

function topicDeltas(before: ClusterImage, after: ClusterImage): Map<string, TopicDelta> {
  const deltas = new Map<string, TopicDelta>()
  for (const topic of before.topics) {
    if (after.topics.getById(topic.id) === undefined) deltas.set(topic.id, { before: topic, after: null, partitions: new Set() })
  }
  for (const topic of after.topics) {
    const old = before.topics.getById(topic.id) ?? null
    const partitions = changedPartitions(old, topic)
    if (partitions.size > 0) deltas.set(topic.id, { before: old, after: topic, partitions })
  }
  return deltas
}

/** Every change raises the partition epoch, so equal epochs of one topic mean equal states. */
function changedPartitions(before: TopicImage | null, after: TopicImage): Set<number> {
  const changed = new Set<number>()
  for (const [index, partition] of after.partitions.entries()) {
    if (before?.partitions[index]?.partitionEpoch !== partition.partitionEpoch) changed.add(index)
  }
  return changed
}

function changedConfigs(before: ClusterImage, after: ClusterImage, type: ConfigResourceType): ConfigResource[] {
  const names = new Set([...before.configs.resourceNames(type), ...after.configs.resourceNames(type)])
  return [...names]
    .filter((name) => !isSameMap(before.configs.get(type, name), after.configs.get(type, name)))
    .map((name) => ({ type, name }))
}

/** A registration never changes under its epoch, except for these two. */
function isSameBroker(before: BrokerImage | undefined, after: BrokerImage | undefined): boolean {
  return (
    before?.epoch === after?.epoch &&
    before?.isFenced === after?.isFenced &&
    before?.isInControlledShutdown === after?.isInControlledShutdown
  )
}

function isSameMap(before: ConfigOverrides | ReadonlyMap<string, number>, after: ConfigOverrides | ReadonlyMap<string, number>): boolean {
  if (before === after) return true
  return before.size === after.size && [...before].every(([key, value]) => after.get(key) === value)
}
