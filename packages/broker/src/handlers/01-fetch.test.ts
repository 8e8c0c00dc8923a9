import { ERROR_CODES, fetchApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, bytesOf, incompressibleText } from '../testing/batches.ts'
import { BrokerFixture, NODE_ID } from '../testing/broker-fixture.ts'
import { fetchAll, fetchedValues, fetchOne, onlyResult, sendFetch, wholeBatches } from '../testing/fetch-calls.ts'
import { produce, produceAll } from '../testing/produce-calls.ts'

const NEWEST_VERSION = 18
const UNKNOWN = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, abortedTransactions: null }

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

describe('records', () => {
  beforeEach(async () => {
    broker.addTopic('a')
    for (const value of ['first', 'second', 'third']) await produce(broker, batchOf({ records: [value, `${value} again`] }))
  })

  it.each([4, 5, 6, 7, 8, 9, 10, 11, 12])('are given in version %i', async (version) => {
    const result = await fetchOne(broker, { fetchOffset: 2 }, { version })
    expect(fetchedValues(result)).toEqual(['second', 'second again', 'third', 'third again'])
    expect(result).toMatchObject({ errorCode: ERROR_CODES.NONE, highWatermark: 6, lastStableOffset: 6, abortedTransactions: null })
    expect(result.logStartOffset).toBe(version < 5 ? -1 : 0)
  })

  it.each([13, 14, 15, 16, 17, NEWEST_VERSION])('are given by the id of their topic in version %i', async (version) => {
    const topicId = broker.feed.image().topics.get('a')?.id ?? ''
    const topics = [{ topicId, partitions: [{ partition: 0, fetchOffset: 4, partitionMaxBytes: 1000 }] }]
    const answer = await broker.send(fetchApi, version, { maxWaitMs: 0, minBytes: 1, topics, forgottenTopicsData: [] }).answer()
    expect(answer.responses[0]).toMatchObject({ topicId, topic: '' })
    expect(fetchedValues(onlyResult(answer))).toEqual(['third', 'third again'])
  })

  it('begin with the batch that holds the offset', async () => {
    expect(fetchedValues(await fetchOne(broker, { fetchOffset: 3 }))).toEqual(['second', 'second again', 'third', 'third again'])
  })

  it('are none at the end of the log', async () => {
    const result = await fetchOne(broker, { fetchOffset: 6 })
    expect(result).toMatchObject({ errorCode: ERROR_CODES.NONE, highWatermark: 6 })
    expect(result.records).toEqual(new Uint8Array(0))
  })

  it('are none between the high watermark and the end of the log, without an error', async () => {
    const release = broker.disk.holdSyncs()
    await produce(broker, batchOf(), { acks: 1 })
    for (const fetchOffset of [6, 7]) {
      expect(await fetchOne(broker, { fetchOffset })).toMatchObject({
        errorCode: ERROR_CODES.NONE,
        highWatermark: 6,
        records: new Uint8Array(0),
      })
    }
    expect(fetchedValues(await fetchOne(broker, { fetchOffset: 4 }))).toEqual(['third', 'third again'])
    release()
  })

  it('are none for other brokers, which this one does not replicate to', async () => {
    const versions = [{ version: 12, replicaId: 2 }]
    for (const options of versions) {
      expect(await fetchOne(broker, {}, options)).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER, ...UNKNOWN })
    }
    // A consumer that debugs is no broker.
    expect(fetchedValues(await fetchOne(broker, { fetchOffset: 4 }, { replicaId: -2 }))).toHaveLength(2)
  })
})

describe('the limits', () => {
  const size = batchOf({ records: ['v'] }).length

  beforeEach(async () => {
    broker.addTopic('a', [[1], [1], [1]])
    for (let count = 0; count < 3; count += 1)
      await produceAll(broker, [batchOf({ records: ['v'] }), batchOf({ records: ['v'] }), batchOf({ records: ['v'] })])
  })

  /** Bytes of records that each of the three partitions gives. */
  async function sizes(
    limits: { readonly maxBytes?: number; readonly minBytes?: number },
    partitionMaxBytes: readonly number[],
  ): Promise<number[]> {
    const partitions = partitionMaxBytes.map((maxBytes, partition) => ({ partition, partitionMaxBytes: maxBytes }))
    const { responses } = await fetchAll(broker, partitions, limits)
    return responses.flatMap((topic) => topic.partitions.map(({ records }) => records?.length ?? -1))
  }

  it('of a partition cut its answer short, in the middle of a batch if need be', async () => {
    expect(await sizes({}, [10 * size, size, size + 10])).toEqual([3 * size, size, size + 10])
  })

  it('never keep the first partition that has something from giving a whole batch', async () => {
    expect(await sizes({}, [1, size - 1, size])).toEqual([size, 0, size])
    expect(await sizes({ maxBytes: 1 }, [9999, 9999, 9999])).toEqual([size, 0, 0])
    expect(await sizes({ maxBytes: 0 }, [0, 9999, 9999])).toEqual([size, 0, 0])
    const partitions = [{ partition: 0, fetchOffset: 3 }, { partition: 1, partitionMaxBytes: 1 }, { partition: 2 }]
    const { responses } = await fetchAll(broker, partitions, { maxBytes: 1 })
    expect(responses.flatMap((topic) => topic.partitions.map(({ records }) => records?.length))).toEqual([0, size, 0])
  })

  it('of the request are used up in the order of the partitions', async () => {
    expect(await sizes({ maxBytes: 4 * size }, [9999, 9999, 9999])).toEqual([3 * size, size, 0])
    expect(await sizes({ maxBytes: 4 * size - 1 }, [9999, 9999, 9999])).toEqual([3 * size, 0, 0])
    expect(await sizes({ maxBytes: 6 * size }, [size, 2 * size, 9999])).toEqual([size, 2 * size, 3 * size])
  })

  it('are bounded by those of the broker', async () => {
    broker.setBrokerConfig('fetch.max.bytes', '1024')
    const values = Array.from({ length: 40 }, () => 'v')
    for (const value of values) await produce(broker, batchOf({ records: [value] }))
    const [first] = await sizes({ maxBytes: 2 ** 31 - 1 }, [2 ** 31 - 1])
    expect(first).toBe(1024)
  })

  it('below zero are as good as none', async () => {
    expect(await sizes({ maxBytes: -1, minBytes: -1 }, [-1, -1, -1])).toEqual([size, 0, 0])
  })
})

describe('a partition that cannot be read', () => {
  beforeEach(async () => {
    broker.addTopic('a', [[1], [1]])
    await produceAll(broker, [batchOf({ records: ['x', 'y'] }), batchOf({ records: ['z'] })])
  })

  it.each([
    ['before the log', { fetchOffset: -1 }, ERROR_CODES.OFFSET_OUT_OF_RANGE],
    ['after the log', { fetchOffset: 3 }, ERROR_CODES.OFFSET_OUT_OF_RANGE],
    ['in an epoch that is over', { currentLeaderEpoch: 0 }, ERROR_CODES.FENCED_LEADER_EPOCH],
    ['in an epoch that is not yet', { currentLeaderEpoch: 2 }, ERROR_CODES.UNKNOWN_LEADER_EPOCH],
    ['in a topic that is unknown', { topic: 'b' }, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
    ['in a partition that is unknown', { partition: 7 }, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
  ])('%s is answered with an error and no offsets, and the others are read', async (_where, partition, errorCode) => {
    broker.changePartition('a', 0, { leader: 1 })
    const { errorCode: topLevel, responses } = await fetchAll(broker, [partition, { partition: 1 }])
    expect(topLevel).toBe(ERROR_CODES.NONE)
    const [bad, good] = responses.flatMap(({ partitions }) => partitions)
    expect(bad).toMatchObject({ errorCode, ...UNKNOWN, records: new Uint8Array(0) })
    expect(good === undefined ? [] : fetchedValues(good)).toEqual(['z'])
  })

  it('is not one whose epoch is right or not said', async () => {
    broker.changePartition('a', 0, { leader: 1 })
    for (const currentLeaderEpoch of [-1, 1]) {
      expect(fetchedValues(await fetchOne(broker, { currentLeaderEpoch }))).toEqual(['x', 'y'])
    }
    // Versions before 9 have no epoch to say.
    expect(fetchedValues(await fetchOne(broker, {}, { version: 8 }))).toEqual(['x', 'y'])
  })

  it('below the log start is out of range, however it was deleted', async () => {
    const log = await broker.log('a')
    log.deleteRecordsBefore(1)
    expect(await fetchOne(broker, { fetchOffset: 0 })).toMatchObject({ errorCode: ERROR_CODES.OFFSET_OUT_OF_RANGE, ...UNKNOWN })
    expect(await fetchOne(broker, { fetchOffset: 1 })).toMatchObject({ errorCode: ERROR_CODES.NONE, logStartOffset: 1 })
  })

  it('is led elsewhere', async () => {
    broker.addBroker(2)
    broker.addTopic('c', [[2]])
    expect(await fetchOne(broker, { topic: 'c' })).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER, ...UNKNOWN })
  })

  it.each([
    { isServing: true, currentLeader: { leaderId: 2, leaderEpoch: 0 } },
    { isServing: false, currentLeader: { leaderId: -1, leaderEpoch: -1 } },
  ])('names who leads instead, and never this broker once it has fenced itself ($isServing)', async ({ isServing, currentLeader }) => {
    broker.addBroker(2)
    const topicId = broker.addTopic('c', [isServing ? [2] : [1, 2]])
    broker.services.partitions.setServing(isServing)
    const topics = [{ topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
    const answer = await broker.send(fetchApi, NEWEST_VERSION, { maxWaitMs: 0, minBytes: 1, topics, forgottenTopicsData: [] }).answer()
    expect(onlyResult(answer)).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER, currentLeader })
  })

  it.each([
    ['that is unknown', 'no-such-topic-'.padEnd(21, '-').concat('A')],
    ['that is none', 'A'.repeat(22)],
  ])('has a topic id %s', async (_what, topicId) => {
    const topics = [{ topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
    const answer = await broker.send(fetchApi, NEWEST_VERSION, { maxWaitMs: 0, minBytes: 1, topics, forgottenTopicsData: [] }).answer()
    expect(answer.responses[0]?.topicId).toBe(topicId)
    expect(onlyResult(answer)).toMatchObject({ errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID, ...UNKNOWN })
  })

  it('has a log that cannot be opened', async () => {
    await broker.restart()
    broker.disk.failNext({ operation: 'open', pathIncludes: 'a-0', code: 'ERR_DISK_FULL' })
    const { responses } = await fetchAll(broker, [{}, { partition: 1 }])
    expect(responses.flatMap(({ partitions }) => partitions).map(({ errorCode }) => errorCode)).toEqual([
      ERROR_CODES.KAFKA_STORAGE_ERROR,
      ERROR_CODES.NONE,
    ])
  })

  it('has a disk that does not give its bytes', async () => {
    await broker.restart()
    await broker.log('a')
    broker.disk.failNext({ operation: 'read' })
    expect(await fetchOne(broker)).toMatchObject({ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, ...UNKNOWN })
  })
})

describe('a reader whose log diverges', () => {
  beforeEach(async () => {
    broker.addTopic('a')
    await produce(broker, batchOf({ records: ['epoch 0', 'epoch 0'] }))
    broker.changePartition('a', 0, { leader: 1 })
    broker.changePartition('a', 0, { leader: 1 })
    await produce(broker, batchOf({ records: ['epoch 2'] }))
  })

  it.each([
    { lastFetchedEpoch: 0, fetchOffset: 3, diverging: { epoch: 0, endOffset: 2 } },
    { lastFetchedEpoch: 1, fetchOffset: 2, diverging: { epoch: 0, endOffset: 2 } },
  ])('after epoch $lastFetchedEpoch at $fetchOffset is told where', async ({ diverging, ...partition }) => {
    const result = await fetchOne(broker, partition, { maxWaitMs: 1000 })
    expect(result).toMatchObject({ errorCode: ERROR_CODES.NONE, divergingEpoch: diverging, highWatermark: 3, records: new Uint8Array(0) })
  })

  it.each([{ fetchOffset: 3 }, { fetchOffset: 2 }, { fetchOffset: 9 }])(
    'after an epoch that is not known yet at $fetchOffset is out of range, for no epoch tells where',
    async ({ fetchOffset }) => {
      const asked = { lastFetchedEpoch: 3, fetchOffset }
      expect(await fetchOne(broker, asked, { maxWaitMs: 1000 })).toMatchObject({ errorCode: ERROR_CODES.OFFSET_OUT_OF_RANGE, ...UNKNOWN })
    },
  )

  it('is told where the log begins, if it is a follower, so that it can begin anew', async () => {
    broker.addBroker(2)
    broker.addTopic('followed', [[NODE_ID, 2]])
    const asked = { topic: 'followed', lastFetchedEpoch: 3, fetchOffset: 9 }
    expect(await fetchOne(broker, asked, { version: 12, replicaId: 2 })).toMatchObject({
      errorCode: ERROR_CODES.OFFSET_OUT_OF_RANGE,
      highWatermark: 0,
      logStartOffset: 0,
    })
  })

  it.each([
    { lastFetchedEpoch: 0, fetchOffset: 2 },
    { lastFetchedEpoch: 2, fetchOffset: 2 },
    { lastFetchedEpoch: -1, fetchOffset: 2 },
  ])('is not one after epoch $lastFetchedEpoch at $fetchOffset', async (partition) => {
    const result = await fetchOne(broker, partition)
    expect(fetchedValues(result)).toEqual(['epoch 2'])
    expect(result.divergingEpoch).toEqual({ epoch: -1, endOffset: -1 })
  })
})

describe('large ranges', () => {
  it('leave as ranges of the file, and are whole', async () => {
    broker.addTopic('a')
    const value = incompressibleText(300_000)
    await produce(broker, batchOf({ records: [value] }))
    await broker.restart()
    const exchange = sendFetch(broker)
    expect(fetchedValues(onlyResult(await exchange.answer()))).toEqual([value])
    expect(exchange.regions).toBe(1)
  })

  it('cost no more than one batch above the limit', async () => {
    broker.addTopic('a')
    for (let count = 0; count < 5; count += 1) await produce(broker, batchOf({ records: [{ value: bytesOf('x'.repeat(100_000)) }] }))
    const { records } = await fetchOne(broker, { partitionMaxBytes: 10 })
    expect(wholeBatches(records ?? new Uint8Array(0))).toHaveLength(1)
  })
})
