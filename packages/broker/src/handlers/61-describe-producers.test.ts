import { describeProducersApi, ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { batchOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { produce } from '../testing/produce-calls.ts'
import { ReplicaSet } from '../testing/replica-set.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(2)
  broker.addTopic('a', [[1], [2]])
})

afterEach(() => broker.close())

const ask = (...topics: readonly [string, readonly number[]][]) =>
  broker.call(describeProducersApi, 0, { topics: topics.map(([name, partitionIndexes]) => ({ name, partitionIndexes })) })

it('shows what is remembered of each producer', async () => {
  await broker.append('a', 0, [{}])
  await broker.append('a', 0, [{ timestamp: 1000 }, { timestamp: 2000 }], { producerId: 5, producerEpoch: 1, baseSequence: 0 })
  const transactional = { producerId: 6, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  await broker.append('a', 0, [{ timestamp: 3000 }], transactional)
  const { topics } = await ask(['a', [0]])
  expect(topics[0]?.partitions).toEqual([
    {
      partitionIndex: 0,
      errorCode: ERROR_CODES.NONE,
      errorMessage: null,
      activeProducers: [
        { producerId: 5, producerEpoch: 1, lastSequence: 1, lastTimestamp: 2000, coordinatorEpoch: -1, currentTxnStartOffset: -1 },
        { producerId: 6, producerEpoch: 0, lastSequence: 0, lastTimestamp: 3000, coordinatorEpoch: -1, currentTxnStartOffset: 3 },
      ],
    },
  ])
})

it('says what is wrong with partitions that it cannot show', async () => {
  const { topics } = await ask(['a', [1, 7]], ['none', [0]], ['bad name', [0]])
  const { NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION } = ERROR_CODES
  expect(topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
    [NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION],
    [UNKNOWN_TOPIC_OR_PARTITION],
    [INVALID_TOPIC_EXCEPTION],
  ])
})

it('shows a partition once, however often it is named', async () => {
  const { topics } = await ask(['a', [0, 0]], ['a', [0]])
  expect(topics).toMatchObject([{ name: 'a', partitions: [{ partitionIndex: 0, errorCode: ERROR_CODES.NONE }] }])
  expect(topics[0]?.partitions).toHaveLength(1)
})

it('shows what a follower remembers: operators ask a broker about every partition that it has', async () => {
  const set = await ReplicaSet.start()
  try {
    set.broker(1).addTopic('a', [[1, 2]])
    await produce(set.broker(1), batchOf({ producerId: 5, producerEpoch: 1, baseSequence: 0 }), { acks: 1 })
    await set.catchUp()
    const askOf = async (nodeId: number) => {
      const { topics } = await set.broker(nodeId).call(describeProducersApi, 0, { topics: [{ name: 'a', partitionIndexes: [0] }] })
      return topics[0]?.partitions[0]
    }
    expect((await askOf(2))?.activeProducers).toMatchObject([{ producerId: 5, producerEpoch: 1 }])
    expect(await askOf(2)).toEqual(await askOf(1))
    expect((await askOf(3))?.errorCode).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
  } finally {
    await set.close()
  }
})
