import {
  createPartitionsApi,
  createTopicsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeClusterApi,
  describeConfigsApi,
  describeLogDirsApi,
  describeProducersApi,
  ERROR_CODES,
  incrementalAlterConfigsApi,
  listOffsetsApi,
  metadataApi,
} from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { createClient } from '../client.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'

function start(brokers = 1) {
  const cluster = new FakeCluster(brokers)
  cluster.createTopic('t', 2)
  const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
  return { cluster, clock: cluster.clock, admin: client.admin() }
}

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

function created(name: string, errorCode: number = ERROR_CODES.NONE, errorMessage: string | null = null) {
  return { name, topicId: TOPIC_ID, errorCode, errorMessage, numPartitions: 3, replicationFactor: 1 }
}

describe('createTopics', () => {
  it('sends what was asked for, and the broker its defaults for the rest', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(createTopicsApi, () => ({ answer: { topics: [created('x'), created('y'), created('z')] } }))
    const topics = [
      { name: 'x', partitions: 3, replicationFactor: 2, configs: { 'retention.ms': 5, 'cleanup.policy': 'compact' } },
      { name: 'y' },
      {
        name: 'z',
        assignments: [
          [1, 2],
          [2, 1],
        ],
      },
    ]
    expect(await clock.run(admin.createTopics(topics))).toEqual(
      ['x', 'y', 'z'].map((name) => ({ name, topicId: TOPIC_ID, partitions: 3, replicationFactor: 1 })),
    )
    const configs = [
      { name: 'retention.ms', value: '5' },
      { name: 'cleanup.policy', value: 'compact' },
    ]
    const assignments = [
      { partitionIndex: 0, brokerIds: [1, 2] },
      { partitionIndex: 1, brokerIds: [2, 1] },
    ]
    expect(cluster.requestsOf(createTopicsApi)[0]?.body).toMatchObject({
      topics: [
        { name: 'x', numPartitions: 3, replicationFactor: 2, assignments: [], configs },
        { name: 'y', numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] },
        { name: 'z', numPartitions: -1, replicationFactor: -1, assignments, configs: [] },
      ],
      validateOnly: false,
    })
  })

  it('names the topic that failed', async () => {
    const { cluster, clock, admin } = start()
    const failure = created('t', ERROR_CODES.TOPIC_ALREADY_EXISTS, "Topic 't' already exists.")
    cluster.intercept(createTopicsApi, () => ({ answer: { topics: [created('x'), failure] } }))
    await expect(clock.run(admin.createTopics([{ name: 'x' }, { name: 't' }]))).rejects.toMatchObject({
      code: 'ERR_CLIENT_BROKER',
      kafkaError: 'TOPIC_ALREADY_EXISTS',
      topic: 't',
      message: "TOPIC_ALREADY_EXISTS: Topic 't' already exists.",
    })
  })

  it('tells of every failure', async () => {
    const { cluster, clock, admin } = start()
    const topics = [created('x', ERROR_CODES.INVALID_PARTITIONS, 'too few'), created('y', ERROR_CODES.INVALID_CONFIG, 'no such config')]
    cluster.intercept(createTopicsApi, () => ({ answer: { topics } }))
    const failure = await clock.run(admin.createTopics([{ name: 'x' }, { name: 'y' }]).catch((error: unknown) => error))
    expect(failure).toMatchObject({
      kafkaError: 'INVALID_PARTITIONS',
      message: '2 of 2 failed: INVALID_PARTITIONS: too few; INVALID_CONFIG: no such config',
      cause: { errors: [{ topic: 'x' }, { topic: 'y' }] },
    })
  })

  it('tries again what certainly was not done, and finds the controller anew', async () => {
    const { cluster, clock, admin } = start(2)
    cluster.intercept(createTopicsApi, ({ nodeId }) => {
      const errorCode = nodeId === 2 ? ERROR_CODES.NONE : ERROR_CODES.NOT_CONTROLLER
      cluster.controllerId = 2
      return { answer: { topics: [created('x', errorCode)] } }
    })
    await clock.run(admin.createTopics([{ name: 'x' }]))
    expect(cluster.requestsOf(createTopicsApi).map(({ nodeId }) => nodeId)).toEqual([1, 2])
  })

  it('tries again only the topics that were throttled', async () => {
    const { cluster, clock, admin } = start()
    cluster.interceptNext(
      createTopicsApi,
      { answer: { topics: [created('x'), created('y', ERROR_CODES.THROTTLING_QUOTA_EXCEEDED)] } },
      { answer: { topics: [created('y')] } },
    )
    expect(await clock.run(admin.createTopics([{ name: 'x' }, { name: 'y' }]))).toHaveLength(2)
    const asked = cluster.requestsOf(createTopicsApi).map(({ body }) => body.topics.map(({ name }) => name))
    expect(asked).toEqual([['x', 'y'], ['y']])
  })

  it.each(['lose-answer', 'silence'] as const)('does not create twice what may exist (%s)', async (reaction) => {
    const { cluster, clock, admin } = start()
    cluster.intercept(createTopicsApi, () => (reaction === 'lose-answer' ? 'hang-up' : reaction))
    await expect(clock.run(admin.createTopics([{ name: 'x' }]))).rejects.toMatchObject({ isRetriable: true })
    expect(cluster.requestsOf(createTopicsApi)).toHaveLength(1)
  })

  it('notices an answer that leaves a topic out', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(createTopicsApi, () => ({ answer: { topics: [] } }))
    await expect(clock.run(admin.createTopics([{ name: 'x' }]))).rejects.toMatchObject({ code: 'ERR_CLIENT_MALFORMED_RESPONSE' })
  })

  it('refuses counts beside assignments', async () => {
    const { admin } = start()
    await expect(admin.createTopics([{ name: 'x', partitions: 1, assignments: [[1]] }])).rejects.toMatchObject({
      code: 'ERR_CLIENT_INVALID_ARGUMENT',
    })
  })

  it('asks nobody for nothing', async () => {
    const { cluster, clock, admin } = start()
    expect(await clock.run(admin.createTopics([]))).toEqual([])
    expect(cluster.requests).toEqual([])
  })
})

it('deleteTopics says which topic does not exist', async () => {
  const { cluster, clock, admin } = start()
  const responses = [
    { name: 'a', topicId: TOPIC_ID, errorCode: 0, errorMessage: null },
    { name: 'b', topicId: TOPIC_ID, errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'This server ...' },
  ]
  cluster.intercept(deleteTopicsApi, () => ({ answer: { responses } }))
  await expect(clock.run(admin.deleteTopics(['a', 'b', 'a']))).rejects.toMatchObject({
    topic: 'b',
    message: 'UNKNOWN_TOPIC_OR_PARTITION: topic "b" does not exist',
  })
  expect(cluster.requestsOf(deleteTopicsApi)[0]?.body.topics.map(({ name }) => name)).toEqual(['a', 'b'])
})

it('createPartitions passes on the count and the assignment', async () => {
  const { cluster, clock, admin } = start()
  cluster.intercept(createPartitionsApi, () => ({ answer: { throttleTimeMs: 0, results: [{ name: 't', errorCode: 0 }] } }))
  await clock.run(admin.createPartitions([{ topic: 't', count: 4, assignments: [[1], [2]] }], { validateOnly: true }))
  expect(cluster.requestsOf(createPartitionsApi)[0]?.body).toMatchObject({
    topics: [{ name: 't', count: 4, assignments: [{ brokerIds: [1] }, { brokerIds: [2] }] }],
    validateOnly: true,
  })
})

describe('listTopics and describeTopics', () => {
  it('list by name, without what brokers keep for themselves', async () => {
    const { cluster, clock, admin } = start()
    for (const name of ['b', '__consumer_offsets', 'a']) cluster.createTopic(name)
    expect((await clock.run(admin.listTopics())).map(({ name }) => name)).toEqual(['a', 'b', 't'])
    expect(await clock.run(admin.listTopics({ includeInternal: true }))).toHaveLength(4)
  })

  it('describe in the order of the names', async () => {
    const { cluster, clock, admin } = start()
    cluster.createTopic('a')
    expect((await clock.run(admin.describeTopics(['t', 'a']))).map(({ name, partitions }) => [name, partitions.length])).toEqual([
      ['t', 2],
      ['a', 1],
    ])
  })

  it('tell at once of a topic that does not exist', async () => {
    const { cluster, clock, admin } = start()
    await expect(clock.run(admin.describeTopics(['nope']))).rejects.toMatchObject({
      message: expect.stringContaining('topic "nope" does not exist'),
    })
    expect(cluster.requestsOf(metadataApi)).toHaveLength(1)
  })

  it('wait for a leader that is being elected', async () => {
    const { cluster, clock, admin } = start()
    const topic = { errorCode: ERROR_CODES.LEADER_NOT_AVAILABLE, name: 't', topicId: TOPIC_ID, partitions: [] }
    cluster.interceptNext(metadataApi, { answer: { brokers: [], topics: [topic], errorCode: 0 } })
    expect(await clock.run(admin.describeTopics(['t']))).toHaveLength(1)
  })
})

describe('configs', () => {
  const config = { value: 'v', readOnly: false, configSource: 5, isSensitive: false }

  it('of a broker are asked of that broker, those of a topic and a group of any', async () => {
    const { cluster, clock, admin } = start(3)
    cluster.intercept(describeConfigsApi, ({ body }) => {
      const [{ resourceType, resourceName } = { resourceType: 0, resourceName: '' }] = body.resources
      const configs = [
        { ...config, name: 'b' },
        { ...config, name: 'a', configSource: resourceType === 32 ? 8 : 1 },
      ]
      return { answer: { throttleTimeMs: 0, results: [{ errorCode: 0, errorMessage: null, resourceType, resourceName, configs }] } }
    })
    const [broker, topic, group] = await clock.run(
      admin.describeConfigs(
        [
          { type: 'broker', nodeId: 3 },
          { type: 'topic', name: 't' },
          { type: 'group', groupId: 'g' },
        ],
        { names: ['a'] },
      ),
    )
    expect(broker).toEqual(topic)
    expect(broker?.map(({ name, source }) => [name, source])).toEqual([
      ['a', 'topic'],
      ['b', 'default'],
    ])
    expect(group?.map(({ source }) => source)).toEqual(['group', 'default'])
    const asked = cluster
      .requestsOf(describeConfigsApi)
      .map(({ nodeId, body }) => [body.resources[0]?.resourceType, body.resources[0]?.resourceName, nodeId])
    expect(asked).toContainEqual([4, '3', 3])
    expect(asked.map(([type, name]) => [type, name])).toContainEqual([32, 'g'])
    expect(cluster.requestsOf(describeConfigsApi)[0]?.body.resources[0]?.configurationKeys).toEqual(['a'])
  })

  it('of a broker that is not there are an error at once', async () => {
    const { clock, admin } = start(2)
    await expect(clock.run(admin.describeConfigs([{ type: 'broker', nodeId: 9 }]))).rejects.toMatchObject({
      code: 'ERR_CLIENT_INVALID_ARGUMENT',
      message: 'the cluster has no broker 9; it has 1, 2',
    })
  })

  it('are changed one by one', async () => {
    const { cluster, clock, admin } = start()
    cluster.intercept(incrementalAlterConfigsApi, () => ({
      answer: { throttleTimeMs: 0, responses: [{ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: 't' }] },
    }))
    await clock.run(
      admin.incrementalAlterConfigs([
        {
          resource: { type: 'topic', name: 't' },
          changes: [
            { name: 'retention.ms', operation: 'set', value: 5 },
            { name: 'segment.ms', operation: 'delete' },
            { name: 'cleanup.policy', operation: 'append', value: 'compact' },
          ],
        },
      ]),
    )
    expect(cluster.requestsOf(incrementalAlterConfigsApi)[0]?.body.resources[0]?.configs).toEqual([
      { name: 'retention.ms', configOperation: 0, value: '5' },
      { name: 'segment.ms', configOperation: 1, value: null },
      { name: 'cleanup.policy', configOperation: 2, value: 'compact' },
    ])
  })

  it.each([
    ['set', 2],
    ['append', 1],
  ] as const)('to be %s are sent %i times when the first answer is lost', async (operation, times) => {
    const { cluster, clock, admin } = start()
    let sent = 0
    cluster.intercept(incrementalAlterConfigsApi, () => {
      sent += 1
      if (sent === 1) return 'hang-up'
      return { answer: { throttleTimeMs: 0, responses: [{ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: 't' }] } }
    })
    const changes = [{ name: 'cleanup.policy', operation, value: 'compact' }]
    await clock.run(admin.incrementalAlterConfigs([{ resource: { type: 'topic', name: 't' }, changes }]).catch(() => {}))
    expect(sent).toBe(times)
  })
})

describe('what leaders answer', () => {
  it('is asked of each leader, following those that move', async () => {
    const { cluster, clock, admin } = start(2)
    cluster.intercept(deleteRecordsApi, ({ nodeId, body }) => ({
      answer: {
        throttleTimeMs: 0,
        topics: body.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, offset }) => {
            const isLeader = cluster.partition(name, partitionIndex).leaderId === nodeId
            return {
              partitionIndex,
              lowWatermark: offset === -1 ? 99 : offset,
              errorCode: isLeader ? 0 : ERROR_CODES.NOT_LEADER_OR_FOLLOWER,
            }
          }),
        })),
      },
    }))
    const deletions = [
      { topic: 't', partition: 0, before: 5 },
      { topic: 't', partition: 1, before: 'end' as const },
    ]
    const expected = [
      { topic: 't', partition: 0, logStartOffset: 5 },
      { topic: 't', partition: 1, logStartOffset: 99 },
    ]
    expect(await clock.run(admin.deleteRecords(deletions))).toEqual(expected)
    cluster.moveLeader('t', 0, 2)
    expect(await clock.run(admin.deleteRecords(deletions))).toEqual(expected)
  })

  it('about producers comes in words', async () => {
    const { cluster, clock, admin } = start()
    const producer = { producerId: 7, producerEpoch: 1, lastSequence: 4, lastTimestamp: 5, coordinatorEpoch: 0, currentTxnStartOffset: -1 }
    cluster.intercept(describeProducersApi, () => ({
      answer: {
        throttleTimeMs: 0,
        topics: [{ name: 't', partitions: [{ partitionIndex: 1, errorCode: 0, activeProducers: [producer] }] }],
      },
    }))
    expect(await clock.run(admin.describeProducers([{ topic: 't', partition: 1 }]))).toEqual([
      {
        topic: 't',
        partition: 1,
        producers: [{ producerId: 7, producerEpoch: 1, lastSequence: 4, lastTimestamp: 5, transactionStartOffset: null }],
      },
    ])
  })

  it('about two offsets of one partition takes two requests', async () => {
    const { cluster, clock, admin } = start()
    const answers = await clock.run(
      admin.listOffsets([
        { topic: 't', partition: 0, target: 'earliest' },
        { topic: 't', partition: 0, target: 'latest' },
        { topic: 't', partition: 1, target: 'latest' },
      ]),
    )
    expect(answers.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 0],
      [0, 0],
      [1, 0],
    ])
    expect(cluster.requestsOf(listOffsetsApi)).toHaveLength(2)
  })

  it('about a topic that does not exist is an error at once', async () => {
    const { clock, admin } = start()
    const place = { topic: 'nope', partition: 0 }
    const message = expect.stringContaining('topic "nope" does not exist')
    await expect(clock.run(admin.deleteRecords([{ ...place, before: 1 }]))).rejects.toMatchObject({ message })
    await expect(clock.run(admin.listOffsets([{ ...place, target: 'latest' }]))).rejects.toMatchObject({ message })
    expect(clock.monotonic()).toBeLessThan(100)
  })
})

describe('describeCluster', () => {
  it('lists brokers by id', async () => {
    const { cluster, clock, admin } = start()
    const brokers = [2, 1].map((brokerId) => ({ brokerId, host: `b${brokerId}`, port: 1, isFenced: brokerId === 2 }))
    cluster.intercept(describeClusterApi, () => ({
      answer: {
        throttleTimeMs: 0,
        errorCode: 0,
        clusterId: 'c',
        controllerId: -1,
        brokers,
        endpointType: 1,
        clusterAuthorizedOperations: 0,
      },
    }))
    expect(await clock.run(admin.describeCluster())).toEqual({
      clusterId: 'c',
      controllerId: null,
      brokers: [
        { nodeId: 1, host: 'b1', port: 1, rack: null, isFenced: false },
        { nodeId: 2, host: 'b2', port: 1, rack: null, isFenced: true },
      ],
    })
  })

  it('falls back to metadata with brokers that do not have the API', async () => {
    const { cluster, clock, admin } = start(2)
    cluster.maxVersions.set(describeClusterApi.key, -1)
    expect(await clock.run(admin.describeCluster())).toMatchObject({
      clusterId: 'fake',
      controllerId: 1,
      brokers: [{ nodeId: 1 }, { nodeId: 2 }],
    })
  })
})

it('describeLogDirs asks every broker', async () => {
  const { cluster, clock, admin } = start(2)
  cluster.intercept(describeLogDirsApi, ({ nodeId }) => {
    const partitions = [
      { partitionIndex: 0, partitionSize: 10, offsetLag: 0, isFutureKey: false },
      { partitionIndex: 0, partitionSize: 4, offsetLag: 6, isFutureKey: true },
    ]
    const errorCode = nodeId === 2 ? ERROR_CODES.KAFKA_STORAGE_ERROR : ERROR_CODES.NONE
    const result = {
      errorCode,
      logDir: `/d${nodeId}`,
      topics: [{ name: 't', partitions }],
      totalBytes: 100,
      usableBytes: -1,
      isCordoned: false,
    }
    return { answer: { throttleTimeMs: 0, errorCode: 0, results: [result] } }
  })
  const [first, second] = await clock.run(admin.describeLogDirs())
  expect(first).toEqual({
    nodeId: 1,
    directories: [
      {
        path: '/d1',
        error: null,
        totalBytes: 100,
        usableBytes: null,
        replicas: [{ topic: 't', partition: 0, sizeBytes: 10, offsetLag: 0 }],
      },
    ],
  })
  expect(second).toMatchObject({ nodeId: 2, directories: [{ error: { kafkaError: 'KAFKA_STORAGE_ERROR' } }] })
})
