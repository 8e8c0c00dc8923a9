/**
 * Every version of every API that the broker says it serves is served, by a broker that has something to say: each is asked for
 * something that exists, over a real connection, and has to answer without an error, or with the one that a lone broker owes.
 * Clients of all ages are made of these.
 */
import {
  addOffsetsToTxnApi,
  addPartitionsToTxnApi,
  addRaftVoterApi,
  alterConfigsApi,
  alterPartitionReassignmentsApi,
  type ApiDefinition,
  apiVersionsApi,
  consumerGroupDescribeApi,
  consumerGroupHeartbeatApi,
  createAclsApi,
  createPartitionsApi,
  createTopicsApi,
  deleteAclsApi,
  deleteGroupsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeAclsApi,
  describeClientQuotasApi,
  describeClusterApi,
  describeConfigsApi,
  describeGroupsApi,
  describeLogDirsApi,
  describeProducersApi,
  describeQuorumApi,
  describeTopicPartitionsApi,
  describeTransactionsApi,
  describeUserScramCredentialsApi,
  electLeadersApi,
  type Encodable,
  endTxnApi,
  ERROR_CODES,
  type ErrorCode,
  fetchApi,
  findCoordinatorApi,
  heartbeatApi,
  incrementalAlterConfigsApi,
  initProducerIdApi,
  joinGroupApi,
  leaveGroupApi,
  listConfigResourcesApi,
  listGroupsApi,
  listOffsetsApi,
  listPartitionReassignmentsApi,
  listTransactionsApi,
  type MessageDefinition,
  metadataApi,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
  offsetForLeaderEpochApi,
  produceApi,
  removeRaftVoterApi,
  syncGroupApi,
  txnOffsetCommitApi,
  unregisterBrokerApi,
  updateFeaturesApi,
  writeTxnMarkersApi,
} from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { batchOf, createTopic, fetchRequest, produce, produceRequest } from './testing/partition-calls.ts'
import { WireConnection } from './testing/wire-connection.ts'

const TOPIC_RESOURCE = 2
const FIRST_TOPIC_ID_VERSION = 13
/** Produce is advertised from 0 on for the sake of old librdkafka, and served from here on. */
const FIRST_SERVED_PRODUCE_VERSION = 3

let broker: RunningBroker
let connection: WireConnection
let topicId: string
let advertised: ReadonlyMap<number, { readonly minVersion: number; readonly maxVersion: number }>

beforeAll(async () => {
  broker = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent' })
  connection = await WireConnection.open(broker)
  await createTopic(connection, 'topic')
  await produce(connection, 'topic', ['value'])
  const metadata = await connection.call(metadataApi, 12, { topics: [{ name: 'topic' }], includeTopicAuthorizedOperations: false })
  topicId = metadata.topics[0]?.topicId ?? ''
  const { apiKeys } = await connection.call(apiVersionsApi, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
  advertised = new Map(apiKeys.map((range) => [range.apiKey, range]))
})

afterAll(async () => {
  await connection[Symbol.asyncDispose]()
  await broker.close()
})

interface Question {
  readonly api: ApiDefinition
  ask(version: number): Promise<object>
  /** The errors that a lone broker has to answer with, where nothing can be asked of it that it would do. */
  readonly errors: readonly ErrorCode[]
}

function question<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  request: (version: number) => Encodable<Req>,
  errors: readonly ErrorCode[] = [],
): Question {
  return { api: api as unknown as ApiDefinition, errors, ask: async (version) => await connection.call(api, version, request(version)) }
}

interface ProducerOfTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** Of a producer that has a transaction open, with the topic's first partition and a group in it: another one for each version. */
function ofTransaction<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  request: (version: number, producer: ProducerOfTransaction) => Encodable<Req>,
): Question {
  const ask = async (version: number): Promise<object> => {
    const transactionalId = `${api.name}-${version}`
    await connection.call(findCoordinatorApi, 3, { key: transactionalId, keyType: 1 })
    const { producerId, producerEpoch } = await connection.call(initProducerIdApi, 4, { transactionalId, transactionTimeoutMs: 60_000 })
    const producer = { transactionalId, producerId, producerEpoch }
    await connection.call(addPartitionsToTxnApi, 4, {
      transactions: [{ ...producer, verifyOnly: false, topics: [{ name: 'topic', partitions: [0] }] }],
    })
    await connection.call(addOffsetsToTxnApi, 3, { ...producer, groupId: 'group' })
    return connection.call(api, version, request(version, producer))
  }
  return { api: api as unknown as ApiDefinition, errors: [], ask }
}

const NO_BYTES = new Uint8Array(0)

const ACL = { resourceType: TOPIC_RESOURCE, resourceName: 'topic', principal: 'User:someone', host: '*', operation: 3, permissionType: 3 }
const ANY_ACL = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}

function joinRequest(groupId: string, memberId = ''): Encodable<typeof joinGroupApi.request> {
  const timeouts = { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 }
  return { groupId, memberId, ...timeouts, protocolType: 'consumer', protocols: [{ name: 'range', metadata: NO_BYTES }] }
}

/** From version 4 on a newcomer is only given an id, and joins with it. */
async function join(version: number): Promise<object> {
  const groupId = `joined-${version}`
  const answer = await connection.call(joinGroupApi, version, joinRequest(groupId))
  if (answer.errorCode !== ERROR_CODES.MEMBER_ID_REQUIRED) return answer
  return connection.call(joinGroupApi, version, joinRequest(groupId, answer.memberId))
}

interface ClassicMember {
  readonly memberId: string
  readonly generationId: number
}

/** Of the only member of a classic group, which has joined and is to assign: another group for each version. */
function ofMember<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  request: (groupId: string, member: ClassicMember, version: number) => Encodable<Req>,
): Question {
  const ask = async (version: number): Promise<object> => {
    const groupId = `${api.name}-${version}`
    const { memberId, generationId } = await connection.call(joinGroupApi, 3, joinRequest(groupId))
    return connection.call(api, version, request(groupId, { memberId, generationId }, version))
  }
  return { api: api as unknown as ApiDefinition, errors: [], ask }
}

/** Of a group that nobody is a member of, and that has committed an offset: another one for each version. */
function ofEmptyGroup<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  request: (groupId: string) => Encodable<Req>,
): Question {
  const ask = async (version: number): Promise<object> => {
    const groupId = `${api.name}-${version}`
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
    await connection.call(offsetCommitApi, 9, { groupId, topics: [{ name: 'topic', partitions }] })
    return connection.call(api, version, request(groupId))
  }
  return { api: api as unknown as ApiDefinition, errors: [], ask }
}

function heartbeatRequest(groupId: string): Encodable<typeof consumerGroupHeartbeatApi.request> {
  const member = { memberId: 'AAAAAAAAAAAAAAAAAAAAAQ', memberEpoch: 0, rebalanceTimeoutMs: 60_000 }
  return { groupId, ...member, subscribedTopicNames: ['topic'], serverAssignor: null, topicPartitions: [] }
}

/** Of a consumer group with one member (KIP-848): another one for each version. */
function ofConsumer<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  request: (groupId: string) => Encodable<Req>,
): Question {
  const ask = async (version: number): Promise<object> => {
    const groupId = `${api.name}-${version}`
    await connection.call(consumerGroupHeartbeatApi, 1, heartbeatRequest(groupId))
    return connection.call(api, version, request(groupId))
  }
  return { api: api as unknown as ApiDefinition, errors: [], ask }
}

const partitionOf = <Partition>(partition: Partition) => [{ name: 'topic', partitions: [partition] }]

const QUESTIONS: readonly Question[] = [
  question(produceApi, (version) => {
    const request = produceRequest('topic', 0, batchOf(['value']), -1)
    const [topic] = request.topicData
    return version < FIRST_TOPIC_ID_VERSION ? request : { ...request, topicData: [{ topicId, partitionData: topic?.partitionData ?? [] }] }
  }),
  question(fetchApi, (version) => {
    const request = fetchRequest('topic', 0)
    const [topic] = request.topics
    return version < FIRST_TOPIC_ID_VERSION ? request : { ...request, topics: [{ topicId, partitions: topic?.partitions ?? [] }] }
  }),
  question(listOffsetsApi, () => ({ replicaId: -1, isolationLevel: 0, topics: partitionOf({ partitionIndex: 0, timestamp: -1 }) })),
  question(metadataApi, () => ({ topics: [{ name: 'topic' }], includeTopicAuthorizedOperations: false })),
  question(apiVersionsApi, () => ({ clientSoftwareName: 'test', clientSoftwareVersion: '1' })),
  question(createTopicsApi, (version) => {
    const topic = { name: `made-by-${version}`, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    return { topics: [topic], timeoutMs: 30_000, validateOnly: false }
  }),
  question(deleteTopicsApi, (version) => {
    const name = `made-by-${Math.max(2, version)}`
    return { topics: version < 6 ? [] : [{ name }], topicNames: version < 6 ? [version === 1 ? 'made-by-7' : name] : [], timeoutMs: 30_000 }
  }),
  question(deleteRecordsApi, () => ({ topics: partitionOf({ partitionIndex: 0, offset: 0 }), timeoutMs: 30_000 })),
  question(initProducerIdApi, () => ({ transactionalId: null, transactionTimeoutMs: 60_000 })),
  question(offsetForLeaderEpochApi, () => ({ topics: [{ topic: 'topic', partitions: [{ partition: 0, leaderEpoch: 0 }] }] })),
  question(findCoordinatorApi, (version) => {
    return version < 4 ? { key: 'group', keyType: 0 } : { coordinatorKeys: ['group', 'another'], keyType: version < 5 ? 0 : 1 }
  }),
  question(offsetCommitApi, (version) => {
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
    return { groupId: 'group', topics: [version < 10 ? { name: 'topic', partitions } : { topicId, partitions }] }
  }),
  question(offsetFetchApi, (version) => {
    const asked = {
      groupId: 'group',
      topics: [version < 10 ? { name: 'topic', partitionIndexes: [0] } : { topicId, partitionIndexes: [0] }],
    }
    return version < 8 ? asked : { groups: [asked] }
  }),
  question(offsetDeleteApi, () => ({ groupId: 'group', topics: partitionOf({ partitionIndex: 0 }) })),
  { api: joinGroupApi as unknown as ApiDefinition, errors: [], ask: join },
  ofMember(syncGroupApi, (groupId, member, version) => {
    const assignments = [{ memberId: member.memberId, assignment: NO_BYTES }]
    const agreed = { protocolType: 'consumer', protocolName: 'range' }
    return { ...member, groupId, assignments, ...(version < 5 ? {} : agreed) }
  }),
  ofMember(heartbeatApi, (groupId, member) => ({ groupId, ...member })),
  ofMember(leaveGroupApi, (groupId, { memberId }, version) => {
    return version < 3 ? { groupId, memberId } : { groupId, members: [{ memberId, groupInstanceId: null }] }
  }),
  ofMember(describeGroupsApi, (groupId) => ({ groups: [groupId] })),
  question(listGroupsApi, () => ({})),
  ofEmptyGroup(deleteGroupsApi, (groupId) => ({ groupsNames: [groupId] })),
  ofConsumer(consumerGroupHeartbeatApi, heartbeatRequest),
  ofConsumer(consumerGroupDescribeApi, (groupId) => ({ groupIds: [groupId], includeAuthorizedOperations: false })),
  ofTransaction(addPartitionsToTxnApi, (version, { transactionalId, producerId, producerEpoch }) => {
    const topics = partitionOf(0)
    if (version >= 4) return { transactions: [{ transactionalId, producerId, producerEpoch, verifyOnly: version === 5, topics }] }
    return {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: topics,
    }
  }),
  ofTransaction(addOffsetsToTxnApi, (_, producer) => ({ ...producer, groupId: 'group' })),
  ofTransaction(txnOffsetCommitApi, (version, producer) => {
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }]
    return { ...producer, groupId: 'group', memberId: '', topics: [version < 6 ? { name: 'topic', partitions } : { topicId, partitions }] }
  }),
  ofTransaction(endTxnApi, (_, producer) => ({ ...producer, committed: false })),
  question(describeTransactionsApi, () => ({ transactionalIds: ['EndTxn-0'] })),
  question(listTransactionsApi, () => ({ stateFilters: [], producerIdFilters: [] })),
  question(writeTxnMarkersApi, () => {
    const marker = { producerId: 1, producerEpoch: 0, transactionResult: false, coordinatorEpoch: 0 }
    return { markers: [{ ...marker, topics: [{ name: 'topic', partitionIndexes: [0] }] }] }
  }),
  question(describeAclsApi, () => ANY_ACL, [ERROR_CODES.SECURITY_DISABLED]),
  question(createAclsApi, () => ({ creations: [ACL] }), [ERROR_CODES.SECURITY_DISABLED]),
  question(deleteAclsApi, () => ({ filters: [ANY_ACL] }), [ERROR_CODES.SECURITY_DISABLED]),
  question(describeConfigsApi, () => {
    const resources = [{ resourceType: TOPIC_RESOURCE, resourceName: 'topic', configurationKeys: null }]
    return { resources, includeSynonyms: true, includeDocumentation: false }
  }),
  question(alterConfigsApi, () => {
    const configs = [{ name: 'retention.ms', value: '600000' }]
    return { resources: [{ resourceType: TOPIC_RESOURCE, resourceName: 'topic', configs }], validateOnly: false }
  }),
  question(describeLogDirsApi, () => ({ topics: null })),
  question(createPartitionsApi, (version) => {
    return { topics: [{ name: 'topic', count: version + 2, assignments: null }], timeoutMs: 30_000, validateOnly: false }
  }),
  question(incrementalAlterConfigsApi, () => {
    const configs = [{ name: 'retention.ms', value: '700000', configOperation: 0 }]
    return { resources: [{ resourceType: TOPIC_RESOURCE, resourceName: 'topic', configs }], validateOnly: false }
  }),
  question(describeClusterApi, () => ({ includeClusterAuthorizedOperations: false, includeFencedBrokers: false })),
  question(describeProducersApi, () => ({ topics: [{ name: 'topic', partitionIndexes: [0] }] })),
  question(listConfigResourcesApi, () => ({ resourceTypes: [] })),
  question(describeTopicPartitionsApi, () => ({ topics: [{ name: 'topic' }], cursor: null })),
  question(electLeadersApi, () => ({ topicPartitions: null })),
  question(alterPartitionReassignmentsApi, () => ({ topics: partitionOf({ partitionIndex: 0, replicas: [1] }) })),
  question(listPartitionReassignmentsApi, () => ({ topics: null })),
  question(describeClientQuotasApi, () => ({ components: [], strict: false })),
  question(describeUserScramCredentialsApi, () => ({ users: null })),
  question(describeQuorumApi, () => ({ topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] })),
  question(
    updateFeaturesApi,
    (version) => {
      const update = { feature: 'no.such.feature', maxVersionLevel: 1, ...(version === 0 ? { allowDowngrade: false } : {}) }
      return { featureUpdates: [update], validateOnly: false }
    },
    [ERROR_CODES.INVALID_UPDATE_VERSION],
  ),
  question(unregisterBrokerApi, () => ({ brokerId: 77 }), [ERROR_CODES.BROKER_ID_NOT_REGISTERED]),
  question(addRaftVoterApi, () => ({ clusterId: 'another', timeoutMs: 1_000, voterId: 7, voterDirectoryId: topicId, listeners: [] }), [
    ERROR_CODES.INCONSISTENT_CLUSTER_ID,
  ]),
  question(removeRaftVoterApi, () => ({ clusterId: null, voterId: 7, voterDirectoryId: topicId }), [ERROR_CODES.VOTER_NOT_FOUND]),
]

describe.each(QUESTIONS)('$api.name', ({ api, ask, errors }) => {
  it('is answered in every version that is advertised', async () => {
    const { minVersion = 0, maxVersion = -1 } = advertised.get(api.key) ?? {}
    expect(maxVersion).toBeGreaterThanOrEqual(minVersion)
    const first = api.key === produceApi.key ? FIRST_SERVED_PRODUCE_VERSION : minVersion
    for (let version = first; version <= maxVersion; version++) {
      expect({ version, errors: [...new Set(errorsIn(await ask(version)))] }).toEqual({ version, errors })
    }
  })

  it('ends the connection in a version after the last', async () => {
    const { maxVersion = 0 } = advertised.get(api.key) ?? {}
    await using newer = await WireConnection.open(broker)
    const header = Buffer.alloc(14)
    header.writeInt32BE(10)
    header.writeInt16BE(api.key, 4)
    header.writeInt16BE(maxVersion + 1, 6)
    header.writeInt16BE(-1, 12)
    newer.write(header)
    if (api.key === apiVersionsApi.key) expect(Buffer.from(await newer.nextFrame()).readInt16BE(4)).toBe(ERROR_CODES.UNSUPPORTED_VERSION)
    else await newer.closed
  })
})

it('every API that is advertised is asked for here', () => {
  expect(QUESTIONS.map(({ api }) => api.key).toSorted(byNumber)).toEqual([...advertised.keys()].toSorted(byNumber))
})

const byNumber = (one: number, other: number): number => one - other

/** All error codes in an answer, wherever they are, that are not 0. */
function errorsIn(body: unknown): readonly unknown[] {
  if (body === null || typeof body !== 'object' || body instanceof Uint8Array) return []
  return Object.entries(body).flatMap(([name, value]) => (/errorCode$/i.test(name) ? (value === 0 ? [] : [value]) : errorsIn(value)))
}
