import { ERROR_CODES, produceApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchAround, batchOf, bytesOf, START_MS, tampered } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { produce, produceAll } from '../testing/produce-calls.ts'

const HOUR_MS = 3_600_000

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

const NOTHING_PLACED = { baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }

describe('a batch that must not be taken', () => {
  const good = batchOf({ records: ['first', 'second'] })

  it.each([
    ['no batch at all', null, ERROR_CODES.INVALID_RECORD],
    ['an empty batch', new Uint8Array(0), ERROR_CODES.INVALID_RECORD],
    ['a batch that is cut in its header', good.subarray(0, 60), ERROR_CODES.INVALID_RECORD],
    ['a batch that is cut in its records', good.subarray(0, good.length - 1), ERROR_CODES.INVALID_RECORD],
    ['a length shorter than a header', tampered(good, (view) => view.setInt32(8, 48), true), ERROR_CODES.CORRUPT_MESSAGE],
    ['a wrong crc', tampered(good, (view) => view.setUint8(70, 0xff), true), ERROR_CODES.CORRUPT_MESSAGE],
    ['magic 1', tampered(good, (view) => view.setInt8(16, 1)), ERROR_CODES.INVALID_RECORD],
    ['two batches', new Uint8Array([...good, ...good]), ERROR_CODES.INVALID_RECORD],
    ['a base offset', batchOf({ baseOffset: 1 }), ERROR_CODES.INVALID_RECORD],
    ['fewer records than stated', tampered(good, (view) => view.setInt32(57, 3)), ERROR_CODES.INVALID_RECORD],
    [
      'fewer records than stated, twice',
      tampered(good, (view) => {
        view.setInt32(57, 3)
        view.setInt32(23, 2)
      }),
      ERROR_CODES.INVALID_RECORD,
    ],
    ['no records', tampered(good, (view) => view.setInt32(57, 0)), ERROR_CODES.INVALID_RECORD],
    ['a control batch', batchOf({ isControl: true, producerId: 1, producerEpoch: 0, baseSequence: 0 }), ERROR_CODES.INVALID_RECORD],
    ['a producer without a sequence', batchOf({ producerId: 1, producerEpoch: 0 }), ERROR_CODES.INVALID_RECORD],
    ['an unknown codec', tampered(good, (view) => view.setInt16(21, 5)), ERROR_CODES.UNSUPPORTED_COMPRESSION_TYPE],
    ['a record that ends too early', batchAround(0, new Uint8Array([0x20, 0, 0, 0]), 1), ERROR_CODES.INVALID_RECORD],
    ['a codec that was not used', tampered(good, (view) => view.setInt16(21, 1)), ERROR_CODES.INVALID_RECORD],
    ['a record of tomorrow', batchOf({ records: [{ timestamp: START_MS + HOUR_MS + 1 }] }), ERROR_CODES.INVALID_TIMESTAMP],
  ])('is refused for %s', async (_what, batch, errorCode) => {
    broker.addTopic('a')
    const result = await produce(broker, batch)
    expect(result).toMatchObject({ index: 0, errorCode, ...NOTHING_PLACED })
    expect(result.errorMessage).not.toBeNull()
    expect((await broker.log('a')).logEndOffset).toBe(0)
  })

  it.each(['__consumer_offsets', '__transaction_state'])('is refused in %s, which coordinators alone write', async (topic) => {
    const topicId = broker.addTopic(topic)
    const { INVALID_TOPIC_EXCEPTION } = ERROR_CODES
    expect(await produce(broker, batchOf(), { topic })).toMatchObject({ errorCode: INVALID_TOPIC_EXCEPTION, ...NOTHING_PLACED })
    const topicData = [{ topicId, partitionData: [{ index: 0, records: batchOf() }] }]
    const answer = await broker.call(produceApi, 13, { acks: 1, timeoutMs: 0, topicData })
    expect(answer.responses[0]?.partitionResponses).toMatchObject([{ errorCode: INVALID_TOPIC_EXCEPTION }])
    expect((await broker.log(topic)).logEndOffset).toBe(0)
  })

  it('is refused with zstd before version 7', async () => {
    broker.addTopic('a')
    const zstd = batchOf({ codec: 'zstd' })
    expect(await produce(broker, zstd, { version: 6 })).toMatchObject({ errorCode: ERROR_CODES.UNSUPPORTED_COMPRESSION_TYPE })
    expect(await produce(broker, zstd, { version: 7 })).toMatchObject({ errorCode: ERROR_CODES.NONE })
  })

  it('is refused when it is larger than the topic takes', async () => {
    broker.addTopic('a', [[1]], { 'max.message.bytes': String(good.length - 1) })
    expect(await produce(broker, good)).toMatchObject({ errorCode: ERROR_CODES.MESSAGE_TOO_LARGE, ...NOTHING_PLACED })
    broker.addTopic('b', [[1]], { 'max.message.bytes': String(good.length) })
    expect(await produce(broker, good, { topic: 'b' })).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
  })

  it('is refused when it is larger than a segment', async () => {
    broker.addTopic('a', [[1]], { 'segment.bytes': '1048576', 'max.message.bytes': '5000000' })
    const large = batchOf({ records: ['x'.repeat(1_048_577)] })
    expect(await produce(broker, large)).toMatchObject({ errorCode: ERROR_CODES.RECORD_LIST_TOO_LARGE, ...NOTHING_PLACED })
  })

  it('is refused for records without a key where the topic is compacted, and the records are named', async () => {
    broker.addTopic('a', [[1]], { 'cleanup.policy': 'compact' })
    const batch = batchOf({ records: ['with key', { value: bytesOf('without') }, { value: bytesOf('without') }] })
    const result = await produce(broker, batch, { version: 8 })
    expect(result).toMatchObject({ errorCode: ERROR_CODES.INVALID_RECORD, recordErrors: [{ batchIndex: 1 }, { batchIndex: 2 }] })
    expect(result.recordErrors[0]?.batchIndexErrorMessage).toContain('key')
    expect(result.errorMessage).toContain('2 records')
    // Earlier versions have no room for the reason.
    expect(await produce(broker, batch, { version: 7 })).toMatchObject({ errorCode: ERROR_CODES.INVALID_RECORD, recordErrors: [] })
  })

  it.each([
    ['before', { 'message.timestamp.before.max.ms': '1000' }, START_MS - 1001],
    ['after', { 'message.timestamp.after.max.ms': '1000' }, START_MS + 1001],
  ])('is refused for a record from %s the time that the topic takes', async (_when, configs, timestamp) => {
    broker.addTopic('a', [[1]], configs)
    const result = await produce(broker, batchOf({ records: ['now', { timestamp }] }))
    expect(result).toMatchObject({ errorCode: ERROR_CODES.INVALID_TIMESTAMP, recordErrors: [{ batchIndex: 1 }] })
    expect(await produce(broker, batchOf({ records: ['now'] }))).toMatchObject({ errorCode: ERROR_CODES.NONE })
  })

  it('does not hold the other partitions up', async () => {
    broker.addTopic('a', [[1], [1], [1]])
    const results = await produceAll(broker, [good, tampered(good, (view) => view.setInt8(16, 1)), good])
    expect(results).toMatchObject([
      { index: 0, errorCode: ERROR_CODES.NONE, baseOffset: 0 },
      { index: 1, errorCode: ERROR_CODES.INVALID_RECORD, baseOffset: -1 },
      { index: 2, errorCode: ERROR_CODES.NONE, baseOffset: 0 },
    ])
    expect((await broker.log('a', 1)).logEndOffset).toBe(0)
  })
})

describe('where nothing can be produced', () => {
  const batch = batchOf()

  it.each([2, -2, 32_767])('refuses acks %i for every partition, known or not', async (acks) => {
    broker.addTopic('a')
    const results = await produceAll(broker, [batch, batch], { acks })
    expect(results.map(({ errorCode }) => errorCode)).toEqual([ERROR_CODES.INVALID_REQUIRED_ACKS, ERROR_CODES.INVALID_REQUIRED_ACKS])
    expect((await broker.log('a')).logEndOffset).toBe(0)
  })

  it.each([3, 8, 12])('does not know a topic or a partition by name in version %i', async (version) => {
    broker.addTopic('a')
    const results = await produceAll(broker, [batch, batch], { version })
    expect(results.map(({ errorCode }) => errorCode)).toEqual([ERROR_CODES.NONE, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION])
    expect(await produce(broker, batch, { version, topic: 'b' })).toMatchObject({
      errorCode: ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION,
      baseOffset: -1,
    })
  })

  it('knows topics by their id alone from version 13 on', async () => {
    const topicId = broker.addTopic('a')
    const partitionData = [
      { index: 0, records: batch },
      { index: 9, records: batch },
    ]
    const unknownId = `no-such-topic-`.padEnd(21, '-').concat('A')
    const topicData = [{ topicId, partitionData }, { topicId: unknownId, partitionData }, { partitionData }]
    const { responses } = await broker.send(produceApi, 13, { acks: -1, timeoutMs: 1000, topicData }).answer()
    expect(responses.map(({ partitionResponses }) => partitionResponses.map(({ errorCode }) => errorCode))).toEqual([
      [ERROR_CODES.NONE, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION],
      [ERROR_CODES.UNKNOWN_TOPIC_ID, ERROR_CODES.UNKNOWN_TOPIC_ID],
      [ERROR_CODES.UNKNOWN_TOPIC_ID, ERROR_CODES.UNKNOWN_TOPIC_ID],
    ])
    expect(responses.map((response) => response.topicId)).toEqual([topicId, unknownId, 'A'.repeat(22)])
  })

  it('sends the client to the leader', async () => {
    broker.addBroker(2)
    broker.addTopic('a', [[2, 1]])
    expect(await produce(broker, batch)).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 })
  })

  it('takes nothing with acks=all where too few replicas are in sync, and with acks=1 all the same', async () => {
    broker.addBroker(2)
    broker.addTopic('a', [[1, 2]], { 'min.insync.replicas': '2' })
    expect(await produce(broker, batch, { acks: 1 })).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
    broker.changePartition('a', 0, { isr: [1] })
    expect(await produce(broker, batch)).toMatchObject({ errorCode: ERROR_CODES.NOT_ENOUGH_REPLICAS, baseOffset: -1 })
    expect(await produce(broker, batch, { acks: 1 })).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 1 })
    expect((await broker.log('a')).logEndOffset).toBe(2)
  })

  it('asks producers to come again when too much waits already for logs to be opened', async () => {
    const configs = { 'max.message.bytes': '100000000' }
    broker.addTopic('a', [[1], [1], [1]], configs)
    const [large, small] = [batchOf({ records: ['x'.repeat(70_000_000)] }), batchOf()]
    const results = await produceAll(broker, [large, small, small], { acks: 1 })
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, ERROR_CODES.LEADER_NOT_AVAILABLE, ERROR_CODES.LEADER_NOT_AVAILABLE])
    expect(await produceAll(broker, [small, small, small])).toMatchObject([{ baseOffset: 1 }, { baseOffset: 0 }, { baseOffset: 0 }])
  })

  it('needs no more replicas in sync than the partition has', async () => {
    broker.addTopic('a', [[1]], { 'min.insync.replicas': '2' })
    expect(await produce(broker, batch)).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
  })
})
