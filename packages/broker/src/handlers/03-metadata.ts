/**
 * Metadata (API key 3), versions 0-13.
 *
 * Tells a client which brokers there are and who leads which partition: the first thing it asks, and what it asks again whenever
 * an answer says that it knew something old. A topic that does not exist is created where client and broker both allow it, and
 * the answer waits for it, so that the client need not ask twice as it does with Kafka.
 *
 * The broker that is asked calls itself the controller, unless it is fenced: each carries administrative requests to whoever
 * decides them.
 *
 * Version notes: 0 has no way to ask for no topics; 1 null means all topics, an empty list none; 4 the client may forbid
 * creation; 8 authorized operations (the cluster's until 10, then DescribeCluster has them); 10 topic ids in the answer; 12 topic
 * ids in the request.
 */
import { isInternalTopic, topicNameProblem } from '@millrace/metadata'
import type { ClusterImage, TopicImage } from '@millrace/metadata'
import { ERROR_CODES, metadataApi, ZERO_UUID } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, metadataRequest, metadataResponse } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import type { BrokerServices } from '../broker-services.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.ts'
import { defineHandler, LATER } from './handler.ts'
import type { Handler } from './handler.ts'
import { partitionMetadata } from './partition-metadata.ts'
import { controllerIdFor, HAS_FENCED_ITSELF, hasFencedItself, reachableBrokers } from './reachable-brokers.ts'

type MetadataRequest = Decoded<typeof metadataRequest>
type MetadataResponse = Encodable<typeof metadataResponse>
type TopicBody = MetadataResponse['topics'][number]

/** Below, an empty list of topics means all of them. */
const FIRST_VERSION_WITHOUT_TOPICS = 1
const FIRST_TOPIC_ID_VERSION = 12

/** What became of the topics that had to be created; empty for those that exist now. */
type CreationErrors = ReadonlyMap<string, ErrorCode>

const NO_ERRORS: CreationErrors = new Map()

export function metadataHandler(services: BrokerServices): Handler {
  return defineHandler(metadataApi, (request, context) => {
    const { apiVersion, local } = context
    if (hasFencedItself(services) && namesWhatIsLedHere(request)) {
      context.close(HAS_FENCED_ITSELF)
      return LATER
    }
    const missing = request.allowAutoTopicCreation && services.settings().autoCreateTopicsEnable ? creatableNames(request) : []
    if (missing.length === 0) return answer(request, apiVersion, local, NO_ERRORS)
    return create(missing).then((errors) => answer(request, apiVersion, local, errors))
  })

  function namesWhatIsLedHere({ topics }: MetadataRequest): boolean {
    const known = services.feed.image().topics
    return (topics ?? []).some(({ name, topicId }) => {
      const topic = name === null || topicId !== ZERO_UUID ? known.getById(topicId) : known.get(name)
      return topic?.partitions.some(({ leader }) => leader === services.nodeId) === true
    })
  }

  function creatableNames(request: MetadataRequest): string[] {
    const { topics } = services.feed.image()
    const names = new Set<string>()
    for (const { name, topicId } of request.topics ?? []) {
      if (name === null || topicId !== ZERO_UUID || topics.get(name) !== undefined) continue
      // Topics of the coordinators have configs and partition counts of their own, and are made by those who keep them.
      if (!isInternalTopic(name) && topicNameProblem(name) === null) names.add(name)
    }
    return [...names]
  }

  async function create(names: readonly string[]): Promise<CreationErrors> {
    const topics = names.map((name) => ({ name, partitionCount: -1, replicationFactor: -1, assignments: [], configs: [] }))
    try {
      const outcomes = await services.controller.createTopics({ topics, validateOnly: false })
      return new Map(outcomes.map(({ name, errorCode }) => [name, errorCode]))
    } catch (error) {
      // The topics are still unknown, which is what clients are told; they ask again.
      services.logger.warn('topics were not created', { topics: names.length, error })
      return NO_ERRORS
    }
  }

  function answer(request: MetadataRequest, version: number, local: Address, errors: CreationErrors): MetadataResponse {
    const image = services.feed.image()
    const operations = request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED
    return {
      throttleTimeMs: 0,
      brokers: reachableBrokers(services, local)
        .filter((broker) => !broker.isFenced)
        .map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack })),
      clusterId: services.clusterId,
      controllerId: controllerIdFor(services),
      topics: topicsOf(request, version, image, operations, errors),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
      errorCode: ERROR_CODES.NONE,
    }
  }
}

function topicsOf(request: MetadataRequest, version: number, image: ClusterImage, operations: number, errors: CreationErrors): TopicBody[] {
  const { topics } = request
  if (topics === null || (version < FIRST_VERSION_WITHOUT_TOPICS && topics.length === 0)) {
    return [...image.topics].map((topic) => describeTopic(image, topic, operations))
  }
  // Once each, however often a topic is named: the answer must not be larger than the metadata.
  const answered = new Map<string, TopicBody>()
  for (const { name, topicId } of topics) {
    const key = topicId === ZERO_UUID ? `name ${name}` : `id ${topicId}`
    if (answered.has(key)) continue
    if (topicId === ZERO_UUID && name !== null) answered.set(key, topicByName(image, name, operations, errors))
    else if (topicId !== ZERO_UUID && version >= FIRST_TOPIC_ID_VERSION) answered.set(key, topicById(image, topicId, operations))
    else {
      // Neither name nor id, or an id where the version has none.
      const shownName = version >= FIRST_TOPIC_ID_VERSION ? name : (name ?? '')
      answered.set(key, failed(shownName, topicId, ERROR_CODES.INVALID_REQUEST, OPERATIONS_NOT_ASKED))
    }
  }
  return [...answered.values()]
}

function topicByName(image: ClusterImage, name: string, operations: number, errors: CreationErrors): TopicBody {
  const topic = image.topics.get(name)
  if (topic !== undefined) return describeTopic(image, topic, operations)
  if (topicNameProblem(name) !== null) return failed(name, ZERO_UUID, ERROR_CODES.INVALID_TOPIC_EXCEPTION, operations)
  const created = errors.get(name) ?? ERROR_CODES.NONE
  // It exists, or existed a moment ago: whoever asks again finds out.
  const isSettled = created === ERROR_CODES.NONE || created === ERROR_CODES.TOPIC_ALREADY_EXISTS
  return failed(name, ZERO_UUID, isSettled ? ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION : created, operations)
}

function topicById(image: ClusterImage, topicId: string, operations: number): TopicBody {
  const topic = image.topics.getById(topicId)
  if (topic !== undefined) return describeTopic(image, topic, operations)
  return failed(null, topicId, ERROR_CODES.UNKNOWN_TOPIC_ID, OPERATIONS_NOT_ASKED)
}

function describeTopic(image: ClusterImage, topic: TopicImage, operations: number): TopicBody {
  return {
    errorCode: ERROR_CODES.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: topic.partitions.map((partition, index) => partitionMetadata(image, partition, index)),
    topicAuthorizedOperations: operations,
  }
}

function failed(name: string | null, topicId: string, errorCode: ErrorCode, operations: number): TopicBody {
  const isInternal = name !== null && isInternalTopic(name)
  return { errorCode, name, topicId, isInternal, partitions: [], topicAuthorizedOperations: operations }
}
