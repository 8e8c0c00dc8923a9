/**
 * ListPartitionReassignments (API key 46), version 0.
 *
 * The partitions that are on their way to other brokers, as the metadata of this broker show them. Partitions that are not, or
 * that there are not, are left out.
 */
import type { TopicImage } from '@millrace/metadata'
import { ERROR_CODES, listPartitionReassignmentsApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function listPartitionReassignmentsHandler(services: BrokerServices): Handler {
  return defineHandler(listPartitionReassignmentsApi, (request) => {
    const { topics } = services.feed.image()
    const wanted =
      request.topics === null
        ? [...topics].map((topic) => [topic, [...topic.partitions.keys()]] as const)
        : request.topics.map(({ name, partitionIndexes }) => [topics.get(name), [...new Set(partitionIndexes)]] as const)
    const named = new Set<TopicImage>()
    const moving = []
    for (const [topic, indexes] of wanted) {
      // Once each: the answer must not be larger than what is going on.
      if (topic === undefined || named.has(topic)) continue
      named.add(topic)
      const partitions = indexes.flatMap((index) => movingPartition(topic, index))
      if (partitions.length > 0) moving.push({ name: topic.name, partitions })
    }
    return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, errorMessage: null, topics: moving }
  })
}

function movingPartition(topic: TopicImage, partitionIndex: number) {
  const partition = topic.partitions[partitionIndex]
  if (partition === undefined) return []
  const { replicas, addingReplicas, removingReplicas } = partition
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return []
  return [{ partitionIndex, replicas, addingReplicas, removingReplicas }]
}
