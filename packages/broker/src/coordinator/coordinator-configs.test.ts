/** What an operator writes into the file of a broker about groups and transactions is what its clients meet. */
import {
  consumerGroupDescribeApi,
  consumerGroupHeartbeatApi,
  describeTransactionsApi,
  encodeSubscription,
  ERROR_CODES,
  offsetCommitApi,
  offsetFetchApi,
} from '@millrace/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { join, OFFSETS_TOPIC, sendJoin, settledMember } from '../testing/group-calls.ts'
import { settled } from '../testing/settled.ts'
import { TransactionalProducer } from '../testing/transactional-producer.ts'

const { GROUP_ID_NOT_FOUND, GROUP_MAX_SIZE_REACHED, INVALID_SESSION_TIMEOUT, INVALID_TRANSACTION_TIMEOUT } = ERROR_CODES
const { NONE, OFFSET_METADATA_TOO_LARGE, UNSUPPORTED_ASSIGNOR } = ERROR_CODES
const MINUTE_MS = 60_000

let broker: BrokerFixture

afterEach(() => broker.close())

async function start(configs: Readonly<Record<string, string>>): Promise<void> {
  broker = await BrokerFixture.start({ configs })
  broker.addTopic('orders', [[1], [1]])
  for (const internal of [OFFSETS_TOPIC, '__transaction_state']) broker.addTopic(internal, [[1]], { 'cleanup.policy': 'compact' })
}

/** What is due, and what follows from it. */
async function pass(ms: number): Promise<void> {
  broker.clock.advance(ms)
  await settled()
}

describe('classic groups', () => {
  it.each([
    ['group.min.session.timeout.ms', '10001'],
    ['group.max.session.timeout.ms', '9999'],
  ])('%s=%s keeps sessions of 10 s out', async (name, value) => {
    await start({ [name]: value })
    expect((await join(broker)).errorCode).toBe(INVALID_SESSION_TIMEOUT)
  })

  it('group.initial.rebalance.delay.ms is how long the first member waits', async () => {
    await start({ 'group.initial.rebalance.delay.ms': '200' })
    let isAnswered = false
    const answer = sendJoin(broker, { version: 0 })
      .answer()
      .then(({ errorCode }) => {
        isAnswered = true
        return errorCode
      })
    await settled()
    await pass(199)
    expect(isAnswered).toBe(false)
    await pass(1)
    expect(await answer).toBe(NONE)
  })

  it('group.max.size=1 has no place for a second member', async () => {
    await start({ 'group.max.size': '1' })
    await settledMember(broker)
    expect((await sendJoin(broker, { version: 0 }).answer()).errorCode).toBe(GROUP_MAX_SIZE_REACHED)
  })
})

describe('offsets', () => {
  const commit = async (committedMetadata: string): Promise<number> => {
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata }] }]
    const answer = await broker.call(offsetCommitApi, 2, { groupId: 'g', memberId: '', topics })
    return answer.topics[0]?.partitions[0]?.errorCode ?? -1
  }
  const fetch = async (): Promise<number | undefined> => {
    const answer = await broker.call(offsetFetchApi, 7, { groupId: 'g', topics: [{ name: 'orders', partitionIndexes: [0] }] })
    return answer.topics[0]?.partitions[0]?.committedOffset
  }

  it('offset.metadata.max.bytes=2 keeps longer texts out', async () => {
    await start({ 'offset.metadata.max.bytes': '2' })
    expect([await commit('ab'), await commit('abc')]).toEqual([NONE, OFFSET_METADATA_TOO_LARGE])
  })

  it('offsets.retention.minutes and offsets.retention.check.interval.ms say when they are gone', async () => {
    await start({ 'offsets.retention.minutes': '3', 'offsets.retention.check.interval.ms': String(2 * MINUTE_MS) })
    await commit('')
    await pass(3 * MINUTE_MS)
    expect(await fetch()).toBe(7)
    await pass(MINUTE_MS)
    expect(await fetch()).toBe(-1)
  })
})

describe('consumer groups', () => {
  const beat = (memberId = 'm', given: { readonly memberEpoch?: number; readonly serverAssignor?: string } = {}) =>
    broker.call(consumerGroupHeartbeatApi, 1, {
      groupId: 'g',
      memberId,
      memberEpoch: 0,
      rebalanceTimeoutMs: MINUTE_MS,
      subscribedTopicNames: ['orders'],
      topicPartitions: [],
      ...given,
    })
  const described = async () =>
    (await broker.call(consumerGroupDescribeApi, 1, { groupIds: ['g'], includeAuthorizedOperations: false })).groups[0]

  it('group.consumer.session.timeout.ms is when a member that says nothing is gone', async () => {
    await start({ 'group.consumer.min.session.timeout.ms': '1', 'group.consumer.session.timeout.ms': '7000' })
    await beat()
    await pass(6_999)
    expect(await described()).toMatchObject({ groupState: 'Stable' })
    await pass(1)
    expect(await described()).toMatchObject({ groupState: 'Empty' })
  })

  it.each([
    [{ 'group.consumer.resting.heartbeat.interval.ms': '700' }, 700],
    [{ 'group.consumer.resting.heartbeat.interval.ms': '7000' }, 5_000],
    [{ 'group.consumer.min.heartbeat.interval.ms': '1', 'group.consumer.heartbeat.interval.ms': '300' }, 300],
  ])('with %j a lone member is heard of every %i ms', async (configs, heartbeatIntervalMs) => {
    await start(configs)
    expect(await beat()).toMatchObject({ errorCode: NONE, heartbeatIntervalMs })
  })

  it('group.consumer.waiting.heartbeat.interval.ms is when a member asks again that waits for another', async () => {
    await start({ 'group.consumer.waiting.heartbeat.interval.ms': '150' })
    await beat('m')
    expect(await beat('n')).toMatchObject({ errorCode: NONE, heartbeatIntervalMs: 150 })
  })

  it('group.consumer.max.size=1 has no place for a second member', async () => {
    await start({ 'group.consumer.max.size': '1' })
    expect([(await beat('m')).errorCode, (await beat('n')).errorCode]).toEqual([NONE, GROUP_MAX_SIZE_REACHED])
  })

  it('group.consumer.assignors are those that there are, the first for who names none', async () => {
    await start({ 'group.consumer.assignors': 'range' })
    expect(await beat('m', { serverAssignor: 'uniform' })).toMatchObject({ errorCode: UNSUPPORTED_ASSIGNOR })
    await beat()
    expect(await described()).toMatchObject({ assignorName: 'range' })
  })

  it.each([
    ['disabled', GROUP_ID_NOT_FOUND],
    ['downgrade', GROUP_ID_NOT_FOUND],
    ['upgrade', NONE],
  ])('group.consumer.migration.policy=%s: a classic group with members is joined with error %i', async (policy, errorCode) => {
    await start({ 'group.consumer.migration.policy': policy })
    await join(broker, { metadata: encodeSubscription({ topics: ['orders'], ownedPartitions: [], generationId: -1 }) })
    expect((await beat()).errorCode).toBe(errorCode)
  })

  it('group.consumer.assignment.interval.ms is the pause between assignments, and can be changed while the broker runs', async () => {
    await start({ 'group.consumer.assignment.interval.ms': '1000' })
    await beat('m')
    await beat('n')
    expect(await described()).toMatchObject({ groupEpoch: 3, assignmentEpoch: 2 })
    broker.feed.commit({
      type: 'config',
      resourceType: 'broker',
      resourceName: '',
      name: 'group.consumer.assignment.interval.ms',
      value: '0',
    })
    await beat('n')
    expect(await described()).toMatchObject({ groupEpoch: 3, assignmentEpoch: 3 })
  })
})

describe('transactions', () => {
  const stateOf = async (id: string) =>
    (await broker.call(describeTransactionsApi, 0, { transactionalIds: [id] })).transactionStates[0]?.transactionState

  it('transaction.max.timeout.ms=1000 keeps those out that may take longer', async () => {
    await start({ 'transaction.max.timeout.ms': '1000' })
    const producer = new TransactionalProducer(broker, 't', 1)
    expect([await producer.init(null, 1_000), await producer.init(null, 1_001)]).toEqual([NONE, INVALID_TRANSACTION_TIMEOUT])
  })

  it('transaction.abort.timed.out.transaction.cleanup.interval.ms is how often is looked for those that took too long', async () => {
    await start({ 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '3000' })
    const producer = new TransactionalProducer(broker, 't', 1)
    await producer.init(null, 1_000)
    expect(await producer.add('orders')).toEqual([NONE])
    await pass(2_999)
    expect(await stateOf('t')).toBe('Ongoing')
    await pass(1)
    expect(await stateOf('t')).toMatch(/Abort/)
  })

  it('transactional.id.expiration.ms and the interval of its sweep say when an id is forgotten', async () => {
    await start({ 'transactional.id.expiration.ms': '3000', 'transaction.remove.expired.transaction.cleanup.interval.ms': '2000' })
    const producer = new TransactionalProducer(broker, 't', 1)
    await producer.init()
    await pass(3_999)
    expect(await stateOf('t')).toBe('Empty')
    await pass(1)
    expect(await stateOf('t')).toBe('')
  })
})
