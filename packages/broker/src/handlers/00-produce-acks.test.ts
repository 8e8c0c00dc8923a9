import { ERROR_CODES, produceApi } from '@millrace/protocol'
import { DISK_ERROR_CODES } from '@millrace/runtime'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { batchOf, incompressibleText, sequencedBatch } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { NAMED_VERSION, produce, produceAll, produceRequest, resultOf, sendProduce } from '../testing/produce-calls.ts'
import { settled } from '../testing/settled.ts'

const TIMEOUT_MS = 1000

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(() => broker.close())

describe('the moment of the answer', () => {
  let release: () => void

  beforeEach(async () => {
    broker.addTopic('a')
    broker.addTopic('r', [[1]], { durability: 'replicated' })
    await broker.log('a')
    await broker.log('r')
    release = broker.disk.holdSyncs()
  })

  afterEach(() => release())

  it('is with acks=all when the device has the records', async () => {
    const exchange = sendProduce(broker, batchOf())
    await settled()
    expect(exchange.state).toBe('open')
    expect(exchange.isOrderReleased).toBe(true)
    release()
    expect(resultOf(await exchange.answer())).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0, logStartOffset: 0 })
  })

  it.each([
    { acks: 1, topic: 'a' },
    { acks: 1, topic: 'r' },
    { acks: -1, topic: 'r' },
  ])('is with acks=$acks in topic $topic when they are written', ({ acks, topic }) => {
    expect(sendProduce(broker, batchOf(), { acks, topic }).state).toBe('answered')
  })

  it('is never with acks=0', async () => {
    expect(sendProduce(broker, batchOf(), { acks: 0 }).state).toBe('unanswered')
    expect((await broker.log('a')).logEndOffset).toBe(1)
  })

  it('is the timeout when the device is too slow, and the records stay', async () => {
    const exchange = sendProduce(broker, batchOf(), { timeoutMs: TIMEOUT_MS })
    broker.clock.advance(TIMEOUT_MS - 1)
    expect(exchange.state).toBe('open')
    broker.clock.advance(1)
    expect(resultOf(await exchange.answer())).toMatchObject({ errorCode: ERROR_CODES.REQUEST_TIMED_OUT, baseOffset: 0 })
    release()
    await settled()
    expect(broker.partition('a').highWatermark).toBe(1)
  })

  it.each([0, -5])('is at once with a timeout of %i', async (timeoutMs) => {
    const exchange = sendProduce(broker, batchOf(), { timeoutMs })
    broker.clock.advance(0)
    expect(resultOf(await exchange.answer())).toMatchObject({ errorCode: ERROR_CODES.REQUEST_TIMED_OUT })
  })

  it('waits for every partition, and times out only those that are not there yet', async () => {
    const topicData = ['a', 'r'].map((name) => ({ name, partitionData: [{ index: 0, records: batchOf() }] }))
    const exchange = broker.send(produceApi, NAMED_VERSION, { acks: -1, timeoutMs: TIMEOUT_MS, topicData })
    await settled()
    expect(exchange.state).toBe('open')
    broker.clock.advance(TIMEOUT_MS)
    const { responses } = await exchange.answer()
    expect(responses.map(({ partitionResponses }) => partitionResponses[0]?.errorCode)).toEqual([
      ERROR_CODES.REQUEST_TIMED_OUT,
      ERROR_CODES.NONE,
    ])
  })

  it('never comes for a client that is gone, and nothing waits for it', async () => {
    const exchange = sendProduce(broker, batchOf(), { timeoutMs: TIMEOUT_MS })
    exchange.disconnect()
    release()
    await settled()
    broker.clock.advance(TIMEOUT_MS)
    expect(exchange.state).toBe('open')
    expect((await broker.log('a')).durableEndOffset).toBe(1)
  })
})

describe('acks=0 that failed', () => {
  it.each([
    ['for an unknown topic', 'b', batchOf()],
    ['for a batch that is refused', 'a', batchOf({ baseOffset: 7 })],
  ])('closes the connection %s, since no answer may tell of it', (_why, topic, batch) => {
    broker.addTopic('a')
    const exchange = sendProduce(broker, batch, { acks: 0, topic })
    expect(exchange.state).toBe('closed')
    expect(exchange.closeReason).toContain('acks=0')
  })

  it('closes it also when the log could not be opened', async () => {
    broker.addTopic('a')
    broker.disk.failNext({ operation: 'open', code: DISK_ERROR_CODES.full })
    const exchange = sendProduce(broker, batchOf(), { acks: 0 })
    await exchange.ended()
    expect(exchange.state).toBe('closed')
  })
})

describe('a disk', () => {
  it('that is full takes nothing and says so, is read on, and takes records again when there is room', async () => {
    broker.addTopic('a', [[1], [1]])
    expect(await produceAll(broker, [batchOf(), batchOf()])).toMatchObject([
      { errorCode: ERROR_CODES.NONE },
      { errorCode: ERROR_CODES.NONE },
    ])
    broker.disk.setCapacity(broker.disk.usedBytes + 10)
    const refused = { errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, baseOffset: -1 }
    expect(await produceAll(broker, [batchOf(), batchOf()])).toMatchObject([refused, refused])
    expect(await produce(broker, batchOf(), { acks: 1 })).toMatchObject(refused)
    expect((await broker.log('a')).logEndOffset).toBe(1)
    broker.disk.setCapacity(broker.disk.usedBytes + 100_000)
    expect(await produce(broker, batchOf())).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 1 })
  })

  it('that is full does not take a sequence either, so that the same batch is taken later', async () => {
    broker.addTopic('a')
    await broker.log('a')
    broker.disk.setCapacity(broker.disk.usedBytes)
    expect(await produce(broker, sequencedBatch(0))).toMatchObject({ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR })
    broker.disk.setCapacity(broker.disk.usedBytes + 100_000)
    expect(await produce(broker, sequencedBatch(0))).toMatchObject({ errorCode: ERROR_CODES.NONE, baseOffset: 0 })
  })

  it('that could not make records durable is not trusted again: those who wait are told, and those who come', async () => {
    broker.addTopic('a', [[1], [1]])
    await broker.log('a')
    await broker.log('a', 1)
    broker.disk.failNext({ operation: 'sync' })
    const offline = { errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR }
    const answers = broker.sendTogether(produceApi, NAMED_VERSION, [produceRequest([batchOf()]), produceRequest([batchOf()])])
    for (const exchange of answers) expect(resultOf(await exchange.answer())).toMatchObject(offline)
    expect(await produceAll(broker, [batchOf(), batchOf()])).toMatchObject([offline, offline])
    expect(await produce(broker, batchOf(), { acks: 1 })).toMatchObject(offline)
    const unanswered = sendProduce(broker, batchOf(), { acks: 0 })
    await unanswered.ended()
    expect(unanswered.state).toBe('closed')
  })

  it('that went offline is found so by a batch that had to wait first', async () => {
    broker.addTopic('a', [[1], [1]])
    await broker.log('a')
    broker.disk.failNext({ operation: 'sync' })
    expect(await produce(broker, batchOf())).toMatchObject({ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR })
    const large = batchOf({ codec: 'gzip', records: [incompressibleText(60_000)] })
    expect(await produceAll(broker, [large, large])).toMatchObject([
      { errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, baseOffset: -1 },
      { errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, baseOffset: -1 },
    ])
  })
})

describe('a topic that is deleted', () => {
  it('while acknowledgements are awaited sends their producers to look for it', async () => {
    broker.addTopic('a')
    await broker.log('a')
    const release = broker.disk.holdSyncs()
    const exchange = sendProduce(broker, batchOf())
    broker.removeTopic('a')
    expect(resultOf(await exchange.answer())).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER })
    release()
  })

  it('while another partition of the request is still being opened does so too', async () => {
    broker.addTopic('a')
    broker.addTopic('b')
    await broker.log('a')
    const release = broker.disk.holdSyncs()
    const topicData = ['a', 'b'].map((name) => ({ name, partitionData: [{ index: 0, records: batchOf() }] }))
    const exchange = broker.send(produceApi, NAMED_VERSION, { acks: -1, timeoutMs: TIMEOUT_MS, topicData })
    broker.removeTopic('a')
    await settled()
    release()
    const { responses } = await exchange.answer()
    expect(responses.map(({ partitionResponses }) => partitionResponses[0]?.errorCode)).toEqual([
      ERROR_CODES.NOT_LEADER_OR_FOLLOWER,
      ERROR_CODES.NONE,
    ])
  })

  it('while its log is being opened does so too', async () => {
    broker.addTopic('a')
    const exchange = sendProduce(broker, batchOf())
    broker.removeTopic('a')
    expect(resultOf(await exchange.answer())).toMatchObject({ errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 })
  })
})

describe('a mistake of ours', () => {
  it('costs a client its connection and nobody else anything, also when it had to wait first', async () => {
    broker.addTopic('a')
    vi.spyOn(broker.services.turn, 'commit').mockImplementationOnce(() => {})
    vi.spyOn(broker.services.turn, 'commit').mockImplementationOnce(() => {
      throw new Error('a bug')
    })
    const exchange = sendProduce(broker, batchOf())
    await exchange.ended()
    expect([exchange.state, exchange.closeReason]).toEqual(['closed', 'internal error'])
    vi.restoreAllMocks()
    expect(await produce(broker, batchOf())).toMatchObject({ errorCode: ERROR_CODES.NONE })
  })
})
