/** Whole transactions on one broker: their coordinator, their partitions and their readers. */
import { describeTransactionsApi, ERROR_CODES, listTransactionsApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture, NODE_ID } from '../testing/broker-fixture.ts'
import { committedValues } from '../testing/fetch-calls.ts'
import { settled } from '../testing/settled.ts'
import { TransactionalProducer } from '../testing/transactional-producer.ts'

const E = ERROR_CODES

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start({ hasTransactions: true, configs: { 'transaction.state.log.min.isr': '1' } })
  broker.feed.commit({ type: 'feature-level', name: 'transaction.version', level: 2 })
  broker.addTopic('__transaction_state', [[NODE_ID], [NODE_ID]], { 'cleanup.policy': 'compact' })
  broker.addTopic('a', [[NODE_ID], [NODE_ID]])
})

afterEach(() => broker.close())

async function started(transactionalId: string, version: 1 | 2): Promise<TransactionalProducer> {
  const producer = new TransactionalProducer(broker, transactionalId, version)
  expect(await producer.init()).toBe(E.NONE)
  return producer
}

/** Until markers are written and the coordinator knows it. */
async function ended(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await settled()
}

describe.each([1, 2] as const)('a transaction, protocol %i', (version) => {
  it('is seen when it is committed, whole, and not before', async () => {
    const producer = await started('payments', version)
    await producer.add('a', [0, 1])
    expect(await producer.write(['one'])).toBe(E.NONE)
    expect(await producer.write(['two'], { partition: 1 })).toBe(E.NONE)
    expect(await producer.write(['three'])).toBe(E.NONE)
    expect([await committedValues(broker, 'a', 0), await committedValues(broker, 'a', 1)]).toEqual([[], []])
    expect(await producer.end(true)).toBe(E.NONE)
    await ended()
    expect([await committedValues(broker, 'a', 0), await committedValues(broker, 'a', 1)]).toEqual([['one', 'three'], ['two']])
  })

  it('is never seen when it is aborted', async () => {
    const producer = await started('payments', version)
    await producer.add('a')
    await producer.write(['gone'])
    expect(await producer.end(false)).toBe(E.NONE)
    await ended()
    await producer.add('a')
    expect(await producer.write(['there'])).toBe(E.NONE)
    expect(await producer.end(true)).toBe(E.NONE)
    await ended()
    expect(await committedValues(broker, 'a', 0)).toEqual(['there'])
  })

  it('comes after another of the same producer, and after that another', async () => {
    const producer = await started('payments', version)
    for (const value of ['one', 'two', 'three']) {
      await producer.add('a')
      expect(await producer.write([value])).toBe(E.NONE)
      expect(await producer.end(true)).toBe(E.NONE)
      await ended()
    }
    expect(await committedValues(broker, 'a', 0)).toEqual(['one', 'two', 'three'])
  })

  it('is aborted when another producer takes the id, and its own can do nothing any more', async () => {
    const first = await started('payments', version)
    await first.add('a')
    await first.write(['zombie'])
    const second = new TransactionalProducer(broker, 'payments', version)
    expect(await second.init()).toBe(E.CONCURRENT_TRANSACTIONS)
    await ended()
    expect(await second.init()).toBe(E.NONE)
    expect(await first.write(['late'])).toBe(E.INVALID_PRODUCER_EPOCH)
    expect(await first.end(true)).toBe(E.PRODUCER_FENCED)
    await second.add('a')
    await second.write(['new'])
    expect(await second.end(true)).toBe(E.NONE)
    await ended()
    expect(await committedValues(broker, 'a', 0)).toEqual(['new'])
  })

  it('is aborted when it takes too long', async () => {
    const producer = new TransactionalProducer(broker, 'payments', version)
    await producer.init(null, 5_000)
    await producer.add('a')
    await producer.write(['slow'])
    broker.clock.advance(10_000)
    await ended()
    expect(await committedValues(broker, 'a', 0)).toEqual([])
    expect(broker.partition('a').lastStableOffset).toBe(2)
    // In the second protocol it might as well be a producer that asks again, and did abort it.
    expect(await producer.end(true)).toBe(version === 1 ? E.PRODUCER_FENCED : E.INVALID_TXN_STATE)
  })

  it.each(['stopped', 'killed'])('goes on after the broker was %s', async (how) => {
    const producer = await started('payments', version)
    await producer.add('a')
    await producer.write(['before'])
    if (how === 'killed') {
      broker.kill()
      await broker.start()
    } else await broker.restart()
    expect(await producer.write(['after'])).toBe(E.NONE)
    expect(await committedValues(broker, 'a', 0)).toEqual([])
    expect(await producer.end(true)).toBe(E.NONE)
    await ended()
    expect(await committedValues(broker, 'a', 0)).toEqual(['before', 'after'])
  })

  it('that was decided is ended in its partitions by whoever comes after a crash', async () => {
    const producer = await started('payments', version)
    await producer.add('a')
    await producer.write(['one'])
    expect(await producer.end(true)).toBe(E.NONE)
    broker.kill()
    await broker.start()
    await broker.log('a')
    expect(await committedValues(broker, 'a', 0)).toEqual([])
    broker.services.coordinators.servingChanged(true)
    await ended()
    expect(await committedValues(broker, 'a', 0)).toEqual(['one'])
  })

  it('does not take partitions that do not exist, nor any with them', async () => {
    const producer = await started('payments', version)
    expect(await producer.add('a', [0, 7])).toEqual([E.OPERATION_NOT_ATTEMPTED, E.UNKNOWN_TOPIC_OR_PARTITION])
    const [described] = (await broker.call(describeTransactionsApi, 0, { transactionalIds: ['payments'] })).transactionStates
    expect(described).toMatchObject({ transactionState: 'Empty', topics: [] })
  })
})

describe('a producer of the first protocol', () => {
  it('has to add a partition before it writes there', async () => {
    const producer = await started('payments', 1)
    expect(await producer.write(['unannounced'])).toBe(E.TRANSACTION_ABORTABLE)
    expect((await broker.log('a')).logEndOffset).toBe(0)
  })
})

describe('a producer of the second protocol', () => {
  it('has another epoch after every end', async () => {
    const producer = await started('payments', 2)
    const epochs = [producer.producerEpoch]
    for (const committed of [true, false]) {
      await producer.write(['x'])
      await producer.end(committed)
      epochs.push(producer.producerEpoch)
      await ended()
    }
    expect(epochs).toEqual([0, 1, 2])
  })

  it('cannot begin a transaction with what it sent in the last one', async () => {
    const producer = await started('payments', 2)
    const { producerEpoch } = producer
    await producer.write(['one'])
    await producer.end(true)
    await ended()
    expect(await producer.write(['late'], { producerEpoch, baseSequence: 1 })).toBe(E.INVALID_PRODUCER_EPOCH)
    expect(broker.partition('a').lastStableOffset).toBe(2)
  })
})

describe('those who look after transactions', () => {
  it('see what there is, and how far it is', async () => {
    const producer = await started('payments', 2)
    await producer.write(['x'])
    await started('orders', 1)
    const { transactionStates } = await broker.call(describeTransactionsApi, 0, { transactionalIds: ['payments', 'orders', 'nobody'] })
    const states = new Map(transactionStates.map((each) => [each.transactionalId, each]))
    expect(states.get('payments')).toMatchObject({
      errorCode: E.NONE,
      transactionState: 'Ongoing',
      producerId: producer.producerId,
      topics: [{ topic: 'a', partitions: [0] }],
    })
    expect(states.get('orders')).toMatchObject({ transactionState: 'Empty' })
    expect(states.get('nobody')).toMatchObject({ errorCode: E.TRANSACTIONAL_ID_NOT_FOUND })
  })

  it.each<[string, Parameters<typeof list>[0], readonly string[]]>([
    ['all', {}, ['orders', 'payments']],
    ['by state', { stateFilters: ['Ongoing'] }, ['payments']],
    ['by producer', { producerIdFilters: [1000] }, ['payments']],
    ['by duration', { durationFilter: 0, stateFilters: ['Ongoing'] }, ['payments']],
    ['by expression', { transactionalIdPattern: 'o.*' }, ['orders']],
  ])('list them: %s', async (_, filters, expected) => {
    const producer = await started('payments', 2)
    await producer.write(['x'])
    await started('orders', 1)
    broker.clock.advance(10)
    const answer = await list(filters)
    expect(answer.errorCode).toBe(E.NONE)
    expect(answer.transactionStates.map(({ transactionalId }) => transactionalId).sort()).toEqual(expected)
  })

  it('are told of filters that mean nothing', async () => {
    expect(await list({ stateFilters: ['Ongoing', 'Asleep'] })).toMatchObject({ errorCode: E.NONE, unknownStateFilters: ['Asleep'] })
    expect(await list({ transactionalIdPattern: '(' })).toMatchObject({ errorCode: E.INVALID_REGULAR_EXPRESSION })
  })
})

function list(filters: {
  stateFilters?: readonly string[]
  producerIdFilters?: readonly number[]
  durationFilter?: number
  transactionalIdPattern?: string | null
}) {
  return broker.call(listTransactionsApi, 2, { stateFilters: [], producerIdFilters: [], ...filters })
}
