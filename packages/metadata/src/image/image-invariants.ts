/** What is true of every cluster image. A breach is a bug of ours; the message names the claim and where it fails. */
import type { ClusterImage } from './cluster-image.ts'
import { collisionKeyOf, type PartitionImage, type TopicImage } from './topics-image.ts'

export function assertImageInvariants(image: ClusterImage): void {
  let topicCount = 0
  const collisionKeys = new Set<string>()
  for (const topic of image.topics) {
    topicCount++
    assertTopic(image, topic)
    const key = collisionKeyOf(topic.name)
    check(key === null || !collisionKeys.has(key), 'topic names can be told apart when "." counts as "_"', topic.name)
    if (key !== null) collisionKeys.add(key)
  }
  check(topicCount === image.topics.size, 'the topic count is the number of topics', `${topicCount} of ${image.topics.size}`)
  for (const name of image.configs.resourceNames('topic')) {
    check(image.topics.get(name) !== undefined, 'topic configs belong to a topic', name)
    check(image.configs.topic(name).size > 0, 'a resource without configs is not listed', name)
  }
  for (const [id, broker] of image.brokers) {
    check(id === broker.id, 'brokers are found by their id', `${id}`)
    check(broker.epoch >= 0 && broker.epoch <= Math.max(image.offset, 0), 'a broker epoch is an offset that was applied', `${id}`)
  }
  const epochs = new Set([...image.brokers.values()].map((broker) => broker.epoch))
  check(epochs.size === image.brokers.size, 'broker epochs are unique', [...epochs].join())
  for (const [id, controller] of image.controllers) check(id === controller.id, 'controllers are found by their id', `${id}`)
  for (const [name, level] of image.features) check(level > 0, 'features in force have a level above 0', name)
  check(image.nextProducerId >= 0 && Number.isSafeInteger(image.nextProducerId), 'producer ids are safe integers', '')
}

function assertTopic(image: ClusterImage, topic: TopicImage): void {
  check(image.topics.get(topic.name) === topic, 'topics are found by name', topic.name)
  check(image.topics.getById(topic.id) === topic, 'topics are found by id', topic.name)
  check(topic.partitions.length > 0, 'a topic has a partition', topic.name)
  for (const [index, partition] of topic.partitions.entries()) assertPartition(partition, `${topic.name}-${index}`)
}

function assertPartition(partition: PartitionImage, where: string): void {
  const replicas = new Set(partition.replicas)
  check(replicas.size > 0, 'a partition has a replica', where)
  check(replicas.size === partition.replicas.length, 'replicas are distinct', where)
  check(new Set(partition.isr).size === partition.isr.length, 'the ISR is distinct', where)
  check(
    partition.isr.every((id) => replicas.has(id)),
    'the ISR is within the replicas',
    where,
  )
  check(
    partition.elr.every((id) => replicas.has(id) && !partition.isr.includes(id)),
    'the ELR is within the replicas and outside the ISR',
    where,
  )
  const { addingReplicas, removingReplicas, lastKnownElr, recoveryState } = partition
  check(
    [...addingReplicas, ...removingReplicas].every((id) => replicas.has(id)),
    'replicas that come or go are replicas',
    where,
  )
  check(!addingReplicas.some((id) => removingReplicas.includes(id)), 'no replica comes and goes at once', where)
  check(
    lastKnownElr.length === 0 || (lastKnownElr.length === 1 && partition.leader === -1),
    'the last leader is known while there is none',
    where,
  )
  check(recoveryState === 'recovered' || partition.isr.length <= 1, 'a leader that recovers is alone in the ISR', where)
  check(partition.leader === -1 || partition.isr.includes(partition.leader), 'the leader is in the ISR', where)
  check(partition.leaderEpoch >= 0 && partition.leaderEpoch <= partition.partitionEpoch, '0 <= leaderEpoch <= partitionEpoch', where)
}

function check(condition: boolean, claim: string, where: string): void {
  if (!condition) throw new Error(`invariant broken: ${claim} (${where})`)
}
