import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import type { CreateTopicsCommand } from '@millrace/metadata'
import { ERROR_CODES, metadataApi, ZERO_UUID } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture, CLUSTER_ID, LOCAL, NODE_ID } from '../testing/broker-fixture.ts'
import { SUCCESS } from '../testing/recording-controller.ts'

const NOT_ASKED = -2_147_483_648
const UNKNOWN_ID = 'mB0s3oWvTxGVWHNTVVlXSA'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const byName = (...names: string[]) => names.map((name) => ({ name }))

describe('the brokers', () => {
  it.each([0, 1, 2, 5, 8, 9, 13])('are told as the client reaches them, in version %i', async (version) => {
    broker.addBroker(3, { rack: 'r3', host: 'three.test' })
    broker.addBroker(2)
    const answer = await broker.call(metadataApi, version, { topics: [] })
    const rack = version < 1 ? null : 'r3'
    expect(answer.brokers).toEqual([
      { nodeId: 1, host: LOCAL.host, port: LOCAL.port, rack: null },
      { nodeId: 2, host: LOCAL.host, port: 9002, rack: null },
      { nodeId: 3, host: 'three.test', port: 9003, rack },
    ])
    expect(answer.clusterId).toBe(version < 2 ? null : CLUSTER_ID)
    expect(answer.controllerId).toBe(version < 1 ? -1 : NODE_ID)
  })

  it('are left out while they are fenced', async () => {
    broker.addBroker(2, { isFenced: true })
    const { brokers } = await broker.call(metadataApi, 13, { topics: [] })
    expect(brokers.map(({ nodeId }) => nodeId)).toEqual([1])
  })
})

describe('while this broker has fenced itself', () => {
  const arrange = (isOtherFenced: boolean): void => {
    broker.addBroker(2, { isFenced: isOtherFenced })
    broker.addTopic('led', [[2], [NODE_ID, 2]])
    broker.addTopic('followed', [[2, NODE_ID]])
    broker.services.partitions.setServing(false)
  }

  it('whoever asks for what it led is hung up on, and asks a broker that knows better', () => {
    arrange(false)
    expect(broker.send(metadataApi, 13, { topics: byName('followed', 'led') }).state).toBe('closed')
    const topics = [{ name: null, topicId: broker.services.feed.image().topics.get('led')?.id ?? '' }]
    expect(broker.send(metadataApi, 13, { topics }).state).toBe('closed')
  })

  it.each([{ topics: byName('followed') }, { topics: [] }, { topics: null }])('everybody else is answered: $topics', async ({ topics }) => {
    arrange(false)
    expect(await broker.call(metadataApi, 13, { topics })).toMatchObject({
      brokers: [{ nodeId: NODE_ID }, { nodeId: 2 }],
      controllerId: NODE_ID,
    })
  })

  it('everybody is answered where there is no other broker to ask', async () => {
    arrange(true)
    const { topics } = await broker.call(metadataApi, 13, { topics: byName('led') })
    expect(topics[0]?.partitions[1]).toMatchObject({ leaderId: NODE_ID })
  })
})

describe('topics', () => {
  it.each([
    { version: 0, topics: [], expected: ['a', 'b'] },
    { version: 1, topics: [], expected: [] },
    { version: 1, topics: null, expected: ['a', 'b'] },
    { version: 13, topics: [], expected: [] },
    { version: 13, topics: null, expected: ['a', 'b'] },
    { version: 13, topics: byName('b'), expected: ['b'] },
    { version: 13, topics: byName('b', 'a', 'b'), expected: ['b', 'a'] },
  ])('in version $version, $topics gives $expected', async ({ version, topics, expected }) => {
    broker.addTopic('a')
    broker.addTopic('b')
    const answer = await broker.call(metadataApi, version, { topics })
    const names = answer.topics.map(({ name }) => name)
    expect(names).toHaveLength(expected.length)
    expect(new Set(names)).toEqual(new Set(expected))
  })

  it('show leaders, replicas, and those of them that are away', async () => {
    broker.addBroker(2)
    broker.addBroker(3, { isFenced: true })
    const topicId = broker.addTopic('a', [[1, 2, 3], [3, 1], [9]])
    const [topic] = (await broker.call(metadataApi, 13, { topics: byName('a') })).topics
    expect(topic).toMatchObject({ errorCode: ERROR_CODES.NONE, name: 'a', topicId, isInternal: false })
    expect(topic?.partitions).toEqual([
      {
        errorCode: ERROR_CODES.NONE,
        partitionIndex: 0,
        leaderId: 1,
        leaderEpoch: 0,
        replicaNodes: [1, 2, 3],
        isrNodes: [1, 2, 3],
        offlineReplicas: [3],
      },
      {
        errorCode: ERROR_CODES.LEADER_NOT_AVAILABLE,
        partitionIndex: 1,
        leaderId: -1,
        leaderEpoch: 0,
        replicaNodes: [3, 1],
        isrNodes: [3, 1],
        offlineReplicas: [3],
      },
      {
        errorCode: ERROR_CODES.LEADER_NOT_AVAILABLE,
        partitionIndex: 2,
        leaderId: -1,
        leaderEpoch: 0,
        replicaNodes: [9],
        isrNodes: [9],
        offlineReplicas: [9],
      },
    ])
  })

  it('are found by id from version 12 on', async () => {
    const topicId = broker.addTopic('a')
    const answer = await broker.call(metadataApi, 12, {
      topics: [
        { topicId, name: null },
        { topicId: UNKNOWN_ID, name: null },
      ],
    })
    expect(answer.topics).toMatchObject([
      { errorCode: ERROR_CODES.NONE, name: 'a', topicId },
      { errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID, name: null, topicId: UNKNOWN_ID, partitions: [] },
    ])
  })

  it.each([
    { version: 10, topic: { topicId: UNKNOWN_ID, name: null }, name: '' },
    { version: 11, topic: { topicId: UNKNOWN_ID, name: 'a' }, name: 'a' },
    { version: 12, topic: { topicId: ZERO_UUID, name: null }, name: null },
  ])('cannot be asked for as $topic in version $version', async ({ version, topic, name }) => {
    const answer = await broker.call(metadataApi, version, { topics: [topic] })
    expect(answer.topics).toMatchObject([{ errorCode: ERROR_CODES.INVALID_REQUEST, name }])
  })
})

describe('authorized operations', () => {
  it.each([
    { version: 8, topic: 3576, cluster: 8096 },
    { version: 10, topic: 3576, cluster: 8096 },
    { version: 11, topic: 3576, cluster: NOT_ASKED },
  ])('are all that there are, in version $version', async ({ version, topic, cluster }) => {
    broker.addTopic('a')
    const answer = await broker.call(metadataApi, version, {
      topics: byName('a', 'none'),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
      includeClusterAuthorizedOperations: cluster !== NOT_ASKED,
    })
    expect(answer.topics.map(({ topicAuthorizedOperations }) => topicAuthorizedOperations)).toEqual([topic, topic])
    expect(answer.clusterAuthorizedOperations).toBe(cluster)
  })

  it('are not told unless asked for', async () => {
    broker.addTopic('a')
    const answer = await broker.call(metadataApi, 8, { topics: byName('a') })
    expect(answer.topics[0]?.topicAuthorizedOperations).toBe(NOT_ASKED)
    expect(answer.clusterAuthorizedOperations).toBe(NOT_ASKED)
  })
})

describe('topics that do not exist', () => {
  const createAll = (command: CreateTopicsCommand) =>
    command.topics.map(({ name }) => ({
      name,
      ...SUCCESS,
      topicId: broker.addTopic(name),
      partitionCount: 1,
      replicationFactor: 1,
      configs: [],
    }))
  const refuseAll = (errorCode: ErrorCode) => (command: CreateTopicsCommand) =>
    command.topics.map(({ name }) => ({
      name,
      errorCode,
      errorMessage: 'no',
      topicId: null,
      partitionCount: -1,
      replicationFactor: -1,
      configs: null,
    }))

  it('are created and told at once', async () => {
    broker.controller.answers.createTopics = createAll
    broker.addTopic('old')
    const answer = await broker.call(metadataApi, 13, { topics: byName('new', 'old', 'new') })
    expect(answer.topics).toMatchObject([
      { errorCode: ERROR_CODES.NONE, name: 'new', partitions: [{ leaderId: NODE_ID }] },
      { errorCode: ERROR_CODES.NONE, name: 'old' },
    ])
    const topic = { name: 'new', partitionCount: -1, replicationFactor: -1, assignments: [], configs: [] }
    expect(broker.controller.commands).toEqual([{ name: 'createTopics', command: { topics: [topic], validateOnly: false } }])
  })

  it.each([
    { version: 3, allowAutoTopicCreation: true, creates: true },
    { version: 4, allowAutoTopicCreation: true, creates: true },
    { version: 4, allowAutoTopicCreation: false, creates: false },
  ])(
    'are left to the client, which in version $version says $allowAutoTopicCreation',
    async ({ version, allowAutoTopicCreation, creates }) => {
      broker.controller.answers.createTopics = createAll
      const answer = await broker.call(metadataApi, version, { topics: byName('new'), allowAutoTopicCreation })
      expect(answer.topics[0]?.errorCode).toBe(creates ? ERROR_CODES.NONE : ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
      expect(broker.controller.commands).toHaveLength(creates ? 1 : 0)
    },
  )

  it('are not created by a broker that is configured not to', async () => {
    const strict = await BrokerFixture.start({ configs: { 'auto.create.topics.enable': 'false' } })
    const answer = await strict.call(metadataApi, 13, { topics: byName('new') })
    expect(answer.topics).toMatchObject([{ errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, topicId: ZERO_UUID }])
    expect(strict.controller.commands).toEqual([])
    await strict.close()
  })

  it.each(['', '.', '..', 'bad name', 'bad/name', 'a'.repeat(250)])('are not created when called %j', async (name) => {
    const answer = await broker.call(metadataApi, 13, { topics: byName(name) })
    expect(answer.topics).toMatchObject([{ errorCode: ERROR_CODES.INVALID_TOPIC_EXCEPTION, name, partitions: [] }])
    expect(broker.controller.commands).toEqual([])
  })

  it('are not created when they are the coordinators own', async () => {
    const answer = await broker.call(metadataApi, 13, { topics: byName('__consumer_offsets') })
    expect(answer.topics).toMatchObject([{ errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, isInternal: true }])
    expect(broker.controller.commands).toEqual([])
  })

  it.each([
    [ERROR_CODES.INVALID_TOPIC_EXCEPTION, ERROR_CODES.INVALID_TOPIC_EXCEPTION],
    [ERROR_CODES.INVALID_REPLICATION_FACTOR, ERROR_CODES.INVALID_REPLICATION_FACTOR],
    [ERROR_CODES.TOPIC_ALREADY_EXISTS, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
  ])('when the controller refuses with %i, get %i', async (refusal, expected) => {
    broker.controller.answers.createTopics = refuseAll(refusal)
    const answer = await broker.call(metadataApi, 13, { topics: byName('new') })
    expect(answer.topics[0]?.errorCode).toBe(expected)
  })

  it('are unknown, and asked for again, while there is no controller', async () => {
    broker.controller.answers.createTopics = () =>
      new ControllerError(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, 'there is no controller')
    const answer = await broker.call(metadataApi, 13, { topics: byName('new') })
    expect(answer.topics[0]?.errorCode).toBe(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
  })
})
