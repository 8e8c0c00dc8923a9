import { ERROR_CODES, writeTxnMarkersApi } from '@millrace/protocol'
import type { Encodable, writeTxnMarkersRequest } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bytesOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { settled } from '../testing/settled.ts'

type Marker = Encodable<typeof writeTxnMarkersRequest>['markers'][number]

const PRODUCER = 5

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

async function begin(topic = 'a', producerId = PRODUCER): Promise<void> {
  await broker.append(topic, 0, [{ value: bytesOf('x') }], { producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true })
}

const marker = (more: Partial<Marker> = {}): Marker => ({
  producerId: PRODUCER,
  producerEpoch: 0,
  transactionResult: true,
  topics: [{ name: 'a', partitionIndexes: [0] }],
  coordinatorEpoch: 3,
  transactionVersion: 0,
  ...more,
})

/** The error codes, marker by marker, partition by partition. */
async function write(markers: readonly Marker[], version = 2): Promise<number[][]> {
  const answer = await broker.call(writeTxnMarkersApi, version, { markers })
  return answer.markers.map(({ topics }) => topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)))
}

const E = ERROR_CODES

describe('a transaction marker', () => {
  it.each([1, 2])('ends the transaction and is answered when it is committed (version %i)', async (version) => {
    broker.addTopic('a')
    await begin()
    expect(broker.partition('a').lastStableOffset).toBe(0)
    expect(await write([marker()], version)).toEqual([[E.NONE]])
    const log = await broker.log('a')
    expect([log.logEndOffset, log.durableEndOffset, broker.partition('a').lastStableOffset]).toEqual([2, 2, 2])
    expect(log.abortedTransactions(0, 2)).toEqual([])
  })

  it('may say that it was aborted', async () => {
    broker.addTopic('a')
    await begin()
    await write([marker({ transactionResult: false })])
    expect((await broker.log('a')).abortedTransactions(0, 2)).toMatchObject([{ producerId: PRODUCER, firstOffset: 0, lastOffset: 1 }])
  })

  it('is not answered before that, and given up after a while', async () => {
    broker.addTopic('a')
    await begin()
    const release = broker.disk.holdSyncs()
    const exchange = broker.send(writeTxnMarkersApi, 2, { markers: [marker()] })
    await settled()
    // Markers of other transactions may come meanwhile.
    expect([exchange.state, exchange.isOrderReleased]).toEqual(['open', true])
    broker.clock.advance(3_000)
    expect((await exchange.answer()).markers[0]?.topics[0]?.partitions[0]?.errorCode).toBe(E.REQUEST_TIMED_OUT)
    release()
    await settled()
    // It is written all the same, and its coordinator writes it again.
    expect(broker.partition('a').lastStableOffset).toBe(2)
    expect(await write([marker()])).toEqual([[E.NONE]])
  })

  it('comes with others, for many partitions, and is written with them', async () => {
    broker.addTopic('a')
    broker.addTopic('b', [[1], [1]])
    await begin('a')
    await begin('b', 6)
    const answers = await write([
      marker({ topics: ['a', 'b'].map((name) => ({ name, partitionIndexes: name === 'a' ? [0] : [1, 0] })) }),
      marker({ producerId: 6, topics: [{ name: 'b', partitionIndexes: [0, 7] }] }),
    ])
    expect(answers).toEqual([
      [E.NONE, E.NONE, E.NONE],
      [E.NONE, E.UNKNOWN_TOPIC_OR_PARTITION],
    ])
    expect([broker.partition('a').lastStableOffset, broker.partition('b').lastStableOffset]).toEqual([2, 3])
  })

  it.each<[string, number, Partial<Marker>, number]>([
    ['of another epoch, which fences the producer', 2, { producerEpoch: 1 }, E.NONE],
    ['of version 2 with the epoch of the records', 2, { transactionVersion: 2 }, E.INVALID_PRODUCER_EPOCH],
    ['of version 2 with the next epoch', 2, { transactionVersion: 2, producerEpoch: 1 }, E.NONE],
    ['of an operator, who does not say which version', 1, { transactionResult: false }, E.NONE],
    ['of an operator, who knows no coordinator', 1, { transactionResult: false, coordinatorEpoch: -1 }, E.NONE],
    ['for a producer that has no transaction here', 2, { producerId: 99 }, E.NONE],
    ['for a topic that is not there', 2, { topics: [{ name: 'none', partitionIndexes: [0] }] }, E.UNKNOWN_TOPIC_OR_PARTITION],
  ])('%s', async (_, version, given, expected) => {
    broker.addTopic('a')
    await begin()
    expect(await write([marker(given)], version)).toEqual([[expected]])
    const ends = expected === E.NONE && given.producerId === undefined
    expect(broker.partition('a').lastStableOffset).toBe(ends ? 2 : 0)
  })

  it('is never written to the log of transactions themselves, to which their coordinators alone append', async () => {
    broker.addTopic('__transaction_state')
    expect(await write([marker({ topics: [{ name: '__transaction_state', partitionIndexes: [0] }] })])).toEqual([
      [E.INVALID_TOPIC_EXCEPTION],
    ])
    expect((await broker.log('__transaction_state')).logEndOffset).toBe(0)
  })

  it('of a coordinator that was replaced is refused', async () => {
    broker.addTopic('a')
    await begin()
    await write([marker({ coordinatorEpoch: 4 })])
    expect(await write([marker({ coordinatorEpoch: 3 }), marker({ coordinatorEpoch: -1 })])).toEqual([
      [E.TRANSACTION_COORDINATOR_FENCED],
      [E.TRANSACTION_COORDINATOR_FENCED],
    ])
    expect((await broker.log('a')).logEndOffset).toBe(2)
  })

  it('is for the leader, with enough replicas in sync', async () => {
    broker.addTopic('a', [[2, 1]])
    broker.addTopic('b', [[1, 2]], { 'min.insync.replicas': '2' })
    broker.changePartition('b', 0, { isr: [1] })
    await broker.log('b')
    const topics = ['a', 'b'].map((name) => ({ name, partitionIndexes: [0] }))
    expect(await write([marker({ topics })])).toEqual([[E.NOT_LEADER_OR_FOLLOWER, E.NOT_ENOUGH_REPLICAS]])
  })

  it('is not written to a disk that is full, and is later', async () => {
    broker.addTopic('a')
    await begin()
    broker.disk.failNext({ operation: 'write', code: 'ERR_DISK_FULL' })
    expect(await write([marker()])).toEqual([[E.KAFKA_STORAGE_ERROR]])
    expect(await write([marker()])).toEqual([[E.NONE]])
  })

  it('opens the log that it is for', async () => {
    broker.addTopic('a')
    await begin()
    await broker.restart()
    expect(await write([marker()])).toEqual([[E.NONE]])
    expect(broker.partition('a').lastStableOffset).toBe(2)
  })
})
