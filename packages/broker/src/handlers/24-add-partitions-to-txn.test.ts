import { addPartitionsToTxnApi, describeTransactionsApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { settled } from '../testing/settled.ts'
import { TransactionalProducer } from '../testing/transactional-producer.ts'

const E = ERROR_CODES

let broker: BrokerFixture
let producer: TransactionalProducer

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('__transaction_state')
  broker.addTopic('a', [[1], [1]])
  producer = new TransactionalProducer(broker, 'payments', 1)
  await producer.init()
})

afterEach(() => broker.close())

/** What a producer asks in versions before 4. */
async function add(version: number, partitions: readonly number[], producerEpoch = producer.producerEpoch, topic = 'a'): Promise<number[]> {
  const answer = await broker.call(addPartitionsToTxnApi, version, {
    v3AndBelowTransactionalId: 'payments',
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: [{ name: topic, partitions }],
  })
  return answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) => resultsByPartition.map((each) => each.partitionErrorCode))
}

const asked = (more: object = {}) => ({
  transactionalId: 'payments',
  producerId: producer.producerId,
  producerEpoch: producer.producerEpoch,
  verifyOnly: false,
  topics: [{ name: 'a', partitions: [0, 1] }],
  ...more,
})

async function topicsOf(transactionalId: string): Promise<unknown> {
  const { transactionStates } = await broker.call(describeTransactionsApi, 0, { transactionalIds: [transactionalId] })
  return transactionStates[0]?.topics
}

describe('what a producer asks', () => {
  it.each([0, 1, 2, 3])('is answered in version %i', async (version) => {
    expect(await add(version, [1, 0])).toEqual([E.NONE, E.NONE])
    expect(await topicsOf('payments')).toEqual([{ topic: 'a', partitions: [1, 0] }])
  })

  it.each([
    [1, E.INVALID_PRODUCER_EPOCH],
    [2, E.PRODUCER_FENCED],
  ])('is refused of another epoch in words that version %i knows', async (version, errorCode) => {
    expect(await add(version, [0], 9)).toEqual([errorCode])
  })

  it('is refused as a whole when a partition is not there', async () => {
    expect(await add(3, [0, 2, -1])).toEqual([E.OPERATION_NOT_ATTEMPTED, E.UNKNOWN_TOPIC_OR_PARTITION, E.UNKNOWN_TOPIC_OR_PARTITION])
    expect(await add(3, [0], producer.producerEpoch, 'nothing')).toEqual([E.UNKNOWN_TOPIC_OR_PARTITION])
    expect(await topicsOf('payments')).toEqual([])
  })

  it('is refused for the log of transactions themselves, which takes no markers', async () => {
    expect(await add(3, [0], producer.producerEpoch, '__transaction_state')).toEqual([E.UNKNOWN_TOPIC_OR_PARTITION])
    expect(await topicsOf('payments')).toEqual([])
  })

  it('cannot be answered where the coordinator is not', async () => {
    broker.changePartition('__transaction_state', 0, { leader: -1 })
    expect(await add(3, [0])).toEqual([E.NOT_COORDINATOR])
  })
})

describe.each([4, 5])('what brokers ask, version %i', (version) => {
  it('is answered transaction by transaction', async () => {
    const other = new TransactionalProducer(broker, 'orders', 1)
    await other.init()
    await other.add('a', [1])
    const { errorCode, resultsByTransaction } = await broker.call(addPartitionsToTxnApi, version, {
      transactions: [
        asked(),
        asked({ transactionalId: 'orders', producerId: other.producerId, verifyOnly: true }),
        asked({ transactionalId: 'nobody' }),
      ],
    })
    const codes = resultsByTransaction.map(({ transactionalId, topicResults }) => [
      transactionalId,
      ...topicResults.flatMap(({ resultsByPartition }) => resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode)),
    ])
    expect(errorCode).toBe(E.NONE)
    expect(codes).toEqual([
      ['payments', E.NONE, E.NONE],
      ['orders', E.TRANSACTION_ABORTABLE, E.NONE],
      ['nobody', E.INVALID_PRODUCER_ID_MAPPING, E.INVALID_PRODUCER_ID_MAPPING],
    ])
    expect(await topicsOf('orders')).toEqual([{ topic: 'a', partitions: [1] }])
  })

  it('does not keep the next request of the connection waiting while it is stored', async () => {
    const release = broker.disk.holdSyncs()
    const exchange = broker.send(addPartitionsToTxnApi, version, { transactions: [asked()] })
    await settled()
    expect([exchange.state, exchange.isOrderReleased]).toEqual(['open', true])
    release()
    expect((await exchange.answer()).resultsByTransaction.length).toBe(1)
  })
})
