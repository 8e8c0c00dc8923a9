import type { CreateTopicsCommand } from '@millrace/metadata'
import { ERROR_CODES, findCoordinatorApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture, LOCAL } from '../testing/broker-fixture.ts'
import { settled } from '../testing/settled.ts'

const OFFSETS = '__consumer_offsets'
const HERE = { nodeId: 1, host: LOCAL.host, port: LOCAL.port, errorCode: ERROR_CODES.NONE }
const NOWHERE = { nodeId: -1, host: '', port: -1 }
const SINGLE_VERSIONS = [0, 1, 2, 3]
const BATCH_VERSIONS = [4, 5, 6]

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const findOne = (version: number, key: string, keyType = 0) =>
  broker.call(findCoordinatorApi, version, version === 0 ? { key } : { key, keyType })
const findAll = async (version: number, coordinatorKeys: readonly string[], keyType = 0) =>
  (await broker.call(findCoordinatorApi, version, { coordinatorKeys, keyType })).coordinators

describe('the coordinator of a group', () => {
  it.each(SINGLE_VERSIONS)('is found, and its topic created for the first who asks, in version %i', async (version) => {
    broker.createTopicsAsAsked()
    expect(await findOne(version, 'g')).toMatchObject(HERE)
    expect(broker.services.feed.image().topics.get(OFFSETS)).toMatchObject({ isInternal: true, partitions: { length: 50 } })
    expect(await findOne(version, 'g')).toMatchObject(HERE)
    expect(broker.controller.commands).toHaveLength(1)
  })

  it.each(BATCH_VERSIONS)('is found for each of several groups, named once, in version %i', async (version) => {
    broker.createTopicsAsAsked()
    expect(await findAll(version, ['g', 'h', 'g'])).toMatchObject([
      { key: 'g', ...HERE },
      { key: 'h', ...HERE },
    ])
    expect(await findAll(version, [])).toEqual([])
  })

  it('is the leader of the partition that its id belongs to', async () => {
    broker.addBroker(2, { host: 'two.test' })
    // The hash of "a" is odd, that of "b" even.
    broker.addTopic(OFFSETS, [[1], [2]])
    expect(await findAll(4, ['a', 'b'])).toMatchObject([
      { key: 'a', nodeId: 2, host: 'two.test', port: 9002, errorCode: ERROR_CODES.NONE },
      { key: 'b', ...HERE },
    ])
  })

  it('can be asked when it is found here', async () => {
    broker.addTopic(OFFSETS, [[1]])
    const exchange = broker.send(findCoordinatorApi, 4, { coordinatorKeys: ['g'], keyType: 0 })
    expect(exchange.state).toBe('open')
    await exchange.answer()
    expect(broker.services.partitions.find(OFFSETS, 0)).toMatchObject({ log: { logEndOffset: 0 } })
  })

  it('is named though it takes longer to load than a client is made to wait', async () => {
    broker.addBroker(2)
    // Broker 2 is in sync and does not fetch: nobody knows how far it is.
    broker.addTopic(OFFSETS, [[2, 1]])
    broker.changePartition(OFFSETS, 0, { leader: 1 })
    const exchange = broker.send(findCoordinatorApi, 4, { coordinatorKeys: ['g'], keyType: 0 })
    await settled()
    broker.clock.advance(1_000)
    expect((await exchange.answer()).coordinators).toMatchObject([HERE])
  })

  it.each([
    { why: 'its partition has no leader', arrange: () => broker.changePartition(OFFSETS, 0, { leader: -1 }) },
    { why: 'its leader is fenced', arrange: () => broker.addBroker(2, { isFenced: true }) },
  ])('is not there while $why', async ({ arrange }) => {
    broker.addBroker(2)
    broker.addTopic(OFFSETS, [[2]])
    arrange()
    const [found] = await findAll(4, ['g'])
    expect(found).toMatchObject({ key: 'g', ...NOWHERE, errorCode: ERROR_CODES.COORDINATOR_NOT_AVAILABLE })
    expect(found?.errorMessage).not.toBe('')
    expect(await findOne(1, 'g')).toMatchObject({ ...NOWHERE, errorCode: ERROR_CODES.COORDINATOR_NOT_AVAILABLE })
  })

  it('is not asked for here once this broker has fenced itself: whoever asks is hung up on', async () => {
    broker.addBroker(2)
    broker.addTopic(OFFSETS, [[1, 2]])
    broker.services.partitions.setServing(false)
    const exchange = broker.send(findCoordinatorApi, 4, { coordinatorKeys: ['g'], keyType: 0 })
    await settled()
    broker.clock.advance(1_000)
    await settled()
    expect(exchange.state).toBe('closed')
  })

  it('is not there while its topic cannot be created, and is when it can', async () => {
    broker.controller.answers.createTopics = ({ topics }: CreateTopicsCommand) =>
      topics.map(({ name }) => ({ name, errorCode: ERROR_CODES.INVALID_REPLICATION_FACTOR, errorMessage: 'too few brokers' }))
    expect(await findOne(2, 'g')).toMatchObject({ ...NOWHERE, errorCode: ERROR_CODES.COORDINATOR_NOT_AVAILABLE })
    broker.createTopicsAsAsked()
    expect(await findOne(2, 'g')).toMatchObject(HERE)
  })
})

describe('the coordinator of transactions', () => {
  it.each([1, 2, 3])('is found, and its topic created for the first who asks, in version %i', async (version) => {
    broker.createTopicsAsAsked()
    expect(await findOne(version, 't', 1)).toMatchObject(HERE)
    const topic = broker.services.feed.image().topics.get('__transaction_state')
    expect(topic).toMatchObject({ isInternal: true, partitions: { length: 50 } })
    expect(await findAll(6, ['t', 'u'], 1)).toMatchObject([HERE, HERE])
    expect(broker.controller.commands).toHaveLength(1)
  })

  it('is found for an empty id too, as in Apache Kafka: who begins a transaction with it is refused', async () => {
    broker.createTopicsAsAsked()
    expect(await findOne(3, '', 1)).toMatchObject(HERE)
  })
})

it.each([
  { what: 'the state of a share group', keyType: 2, errorCode: ERROR_CODES.INVALID_REQUEST },
  { what: 'something unheard of', keyType: 9, errorCode: ERROR_CODES.INVALID_REQUEST },
])('has no coordinator of $what, and says so for each key', async ({ keyType, errorCode }) => {
  expect(await findOne(3, 'k', keyType)).toMatchObject({ ...NOWHERE, errorCode })
  const found = await findAll(6, ['k', 'l'], keyType)
  expect(found).toMatchObject([
    { key: 'k', ...NOWHERE, errorCode },
    { key: 'l', ...NOWHERE, errorCode },
  ])
  for (const { errorMessage } of found) expect(errorMessage).not.toBe('')
  expect(broker.controller.commands).toEqual([])
})
