/**
 * DescribeTopicPartitions (API key 75), version 0.
 *
 * Metadata for tools that page through large clusters: topics in the order of their names, as many partitions as the client and
 * `max.request.partition.size.limit` allow, and a cursor at which the next page begins.
 */
import { isInternalTopic, topicNameProblem } from '@millrace/metadata'
import type { ClusterImage, TopicImage } from '@millrace/metadata'
import { describeTopicPartitionsApi, ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import type { Decoded, describeTopicPartitionsRequest, describeTopicPartitionsResponse, Encodable, ErrorCode } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { partitionMetadata } from './partition-metadata.ts'

type Request = Decoded<typeof describeTopicPartitionsRequest>
type Response = Encodable<typeof describeTopicPartitionsResponse>
type TopicBody = Response['topics'][number]

export function describeTopicPartitionsHandler(services: BrokerServices): Handler {
  return defineHandler(describeTopicPartitionsApi, (request) => {
    const image = services.feed.image()
    const { cursor } = request
    const names = requestedNames(request, image)
    if (cursor !== null && (cursor.partitionIndex < 0 || (request.topics.length > 0 && !names.includes(cursor.topicName)))) {
      const topics = request.topics.map(({ name }) => failed(name, ERROR_CODES.INVALID_REQUEST, OPERATIONS_NOT_ASKED))
      return { throttleTimeMs: 0, topics }
    }
    const limit = Math.max(1, Math.min(request.responsePartitionLimit, services.settings().maxRequestPartitions))
    return pageOf(image, names, cursor, limit)
  })
}

/** The topics from the cursor on. Asking for none means asking for all. */
function requestedNames(request: Request, image: ClusterImage): string[] {
  const wanted = request.topics.length === 0 ? [...image.topics].map(({ name }) => name) : request.topics.map(({ name }) => name)
  const from = request.cursor?.topicName ?? ''
  return [...new Set(wanted)].filter((name) => name >= from).sort()
}

function pageOf(image: ClusterImage, names: readonly string[], cursor: Request['cursor'], limit: number): Response {
  const topics: TopicBody[] = []
  let left = limit
  for (const topicName of names) {
    if (left === 0) return { throttleTimeMs: 0, topics, nextCursor: { topicName, partitionIndex: 0 } }
    const topic = image.topics.get(topicName)
    if (topic === undefined) {
      const isValid = topicNameProblem(topicName) === null
      const errorCode = isValid ? ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION : ERROR_CODES.INVALID_TOPIC_EXCEPTION
      topics.push(failed(topicName, errorCode, TOPIC_OPERATIONS))
      continue
    }
    const first = cursor?.topicName === topicName ? cursor.partitionIndex : 0
    const end = Math.min(topic.partitions.length, first + left)
    topics.push(describeTopic(image, topic, first, end))
    if (end < topic.partitions.length) return { throttleTimeMs: 0, topics, nextCursor: { topicName, partitionIndex: end } }
    left -= Math.max(0, end - first)
  }
  return { throttleTimeMs: 0, topics, nextCursor: null }
}

/** The topic with its partitions from `first` to before `end`. */
function describeTopic(image: ClusterImage, topic: TopicImage, first: number, end: number): TopicBody {
  return {
    errorCode: ERROR_CODES.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: topic.partitions.slice(first, end).map((partition, offset) => ({
      ...partitionMetadata(image, partition, first + offset),
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
    })),
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  }
}

function failed(name: string, errorCode: ErrorCode, operations: number): TopicBody {
  return {
    errorCode,
    name,
    topicId: ZERO_UUID,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: operations,
  }
}
