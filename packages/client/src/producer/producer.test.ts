import { ERROR_CODES, initProducerIdApi, metadataApi, produceApi } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { createClient } from '../client.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { fromUtf8 } from '../text.ts'
import type { ProducerOptions } from './producer-options.ts'

function start(options: ProducerOptions = {}, { brokers = 1, partitions = 1 } = {}) {
  const cluster = new FakeCluster(brokers)
  cluster.createTopic('t', partitions)
  const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
  const producer = client.producer(options)
  return { cluster, clock: cluster.clock, client, producer, stored }

  function stored(partition = 0): string[] {
    const { compression } = cluster.runtime
    const records = cluster.partition('t', partition).records((codec, bytes) => compression.decompress(codec, bytes, 2 ** 20))
    return records.map(({ value }) => (value === null ? 'null' : fromUtf8(value)))
  }
}

function produceAnswer(errorCode: number, errorMessage: string | null = null) {
  const partition = { index: 0, errorCode, baseOffset: -1, errorMessage }
  return { answer: { responses: [{ name: 't', topicId: `B${'A'.repeat(21)}`, partitionResponses: [partition] }] } }
}

describe('send', () => {
  it('says where the record ended up', async () => {
    const { clock, producer, stored } = start()
    const first = await clock.run(producer.send({ topic: 't', value: 'a', timestamp: 5 }))
    const second = await clock.run(producer.send({ topic: 't', key: 'k', value: null, headers: { h: 'x' } }))
    expect([first, second]).toEqual([
      { topic: 't', partition: 0, offset: 0, timestamp: 5 },
      { topic: 't', partition: 0, offset: 1, timestamp: clock.now() },
    ])
    expect(stored()).toEqual(['a', 'null'])
  })

  it('sends what one turn brings in one batch', async () => {
    const { cluster, clock, producer } = start()
    const deliveries = Array.from({ length: 50 }, (_, index) => producer.send({ topic: 't', value: String(index) }))
    const offsets = (await clock.run(Promise.all(deliveries))).map(({ offset }) => offset)
    expect(offsets).toEqual(Array.from({ length: 50 }, (_, index) => index))
    expect(cluster.requestsOf(produceApi)).toHaveLength(1)
  })

  it('waits as long as it may linger, and no longer', async () => {
    const { cluster, clock, producer } = start({ lingerMs: 20 })
    await clock.run(producer.send({ topic: 't', value: 'learns the topic' }))
    const sent = producer.send({ topic: 't', value: 'b' })
    await clock.advance(19)
    expect(cluster.requestsOf(produceApi)).toHaveLength(1)
    await clock.advance(2)
    expect(cluster.requestsOf(produceApi)).toHaveLength(2)
    expect((await sent).offset).toBe(1)
  })

  it('does not linger with a full batch', async () => {
    const { cluster, clock, producer } = start({ lingerMs: 1_000, batchBytes: 200 })
    for (let index = 0; index < 10; index++) void producer.send({ topic: 't', value: 'x'.repeat(100) })
    await clock.advance(1)
    expect(cluster.requestsOf(produceApi).length).toBeGreaterThanOrEqual(5)
  })

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('compresses with %s', async (compression) => {
    const { clock, producer, stored, cluster } = start({ compression })
    const text = 'all work and no play '.repeat(100)
    await clock.run(producer.send({ topic: 't', value: text }))
    expect(stored()).toEqual([text])
    expect(cluster.partition('t').batches[0]?.length).toBeLessThan(400)
  })

  it('keeps records of one key in one partition', async () => {
    const { clock, producer } = start({}, { partitions: 5 })
    const deliveries = ['a', 'b', 'a', 'c', 'a'].map((key) => producer.send({ topic: 't', key, value: null }))
    const partitions = (await clock.run(Promise.all(deliveries))).map(({ partition }) => partition)
    expect(partitions[2]).toBe(partitions[0])
    expect(partitions[4]).toBe(partitions[0])
  })

  it('with acks 0 does not wait for an answer that never comes', async () => {
    const { clock, producer, stored } = start({ acks: 0 })
    expect(await clock.run(producer.send({ topic: 't', value: 'a' }))).toMatchObject({ offset: null })
    await clock.settle()
    expect(stored()).toEqual(['a'])
  })

  it('with acks 1 asks for no producer id', async () => {
    const { cluster, clock, producer } = start({ acks: 1 })
    await clock.run(producer.send({ topic: 't', value: 'a' }))
    expect(cluster.requestsOf(initProducerIdApi)).toHaveLength(0)
    expect(cluster.requestsOf(produceApi)[0]?.body.acks).toBe(1)
  })

  it.each([
    ['a partition that is not there', { partition: 7 }, 'topic "t" has partitions 0 to 0, not 7'],
    ['a partition that is no number', { partition: 0.5 }, 'topic "t" has partitions 0 to 0, not 0.5'],
  ])('refuses %s', async (_, record, message) => {
    const { clock, producer } = start()
    await expect(clock.run(producer.send({ topic: 't', value: null, ...record }))).rejects.toMatchObject({
      code: 'ERR_CLIENT_INVALID_ARGUMENT',
      message,
    })
  })

  it('fails when the topic does not appear in time, and lets it be created meanwhile', async () => {
    const { cluster, clock, producer } = start({ topicTimeoutMs: 5_000 })
    await expect(clock.run(producer.send({ topic: 'missing', value: 'a' }))).rejects.toMatchObject({
      kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION',
      message: expect.stringContaining('topic "missing" does not exist'),
    })
    expect(clock.monotonic()).toBeLessThanOrEqual(5_000)
    expect(cluster.requestsOf(metadataApi).every(({ body }) => body.allowAutoTopicCreation)).toBe(true)
    const sent = producer.send({ topic: 'late', value: 'a' })
    await clock.settle()
    cluster.createTopic('late')
    expect(await clock.run(sent)).toMatchObject({ topic: 'late', offset: 0 })
  })
})

describe('what goes wrong on the way', () => {
  it.each([
    ['the answer is lost', 'lose-answer'],
    ['the request is lost', 'hang-up'],
    ['the broker is silent', 'silence'],
    ['the broker is short of replicas', produceAnswer(ERROR_CODES.NOT_ENOUGH_REPLICAS)],
  ] as const)('%s: every record is stored once and in order', async (_, reaction) => {
    const { cluster, clock, producer, stored } = start({ batchBytes: 1 })
    await clock.run(producer.send({ topic: 't', value: '0' }))
    cluster.interceptNext(produceApi, reaction)
    const deliveries = ['1', '2', '3', '4', '5', '6', '7'].map((value) => producer.send({ topic: 't', value }))
    const offsets = (await clock.run(Promise.all(deliveries))).map(({ offset }) => offset)
    expect(offsets).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(stored()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  })

  it('follows a leader that moves', async () => {
    const { cluster, clock, producer, stored } = start({}, { brokers: 2 })
    await clock.run(producer.send({ topic: 't', value: 'a' }))
    cluster.moveLeader('t', 0, 2)
    await clock.run(producer.send({ topic: 't', value: 'b' }))
    expect(cluster.requestsOf(produceApi).at(-1)?.nodeId).toBe(2)
    expect(stored()).toEqual(['a', 'b'])
  })

  it('follows a leader whose broker has died', async () => {
    const { cluster, clock, producer } = start({}, { brokers: 2 })
    await clock.run(producer.send({ topic: 't', value: 'a' }))
    cluster.stop(1)
    cluster.moveLeader('t', 0, 2)
    expect(await clock.run(producer.send({ topic: 't', value: 'b' }))).toMatchObject({ offset: 1 })
  })

  it('waits for a leader where there is none', async () => {
    const { cluster, clock, producer } = start()
    await clock.run(producer.send({ topic: 't', value: 'a' }))
    cluster.moveLeader('t', 0, -1)
    const sent = producer.send({ topic: 't', value: 'b' })
    await clock.advance(5_000)
    cluster.moveLeader('t', 0, 1)
    expect(await clock.run(sent)).toMatchObject({ offset: 1 })
  })

  it('splits a batch that the broker finds too large', async () => {
    const { cluster, clock, producer, stored } = start()
    cluster.intercept(produceApi, ({ body }) => {
      const size = body.topicData[0]?.partitionData[0]?.records?.length ?? 0
      return size > 300 ? produceAnswer(ERROR_CODES.MESSAGE_TOO_LARGE) : 'as-usual'
    })
    const values = Array.from({ length: 16 }, (_, index) => `${index} ${'x'.repeat(50)}`)
    await clock.run(Promise.all(values.map((value) => producer.send({ topic: 't', value }))))
    expect(stored()).toEqual(values)
  })

  it('fails a record that is too large, and goes on with the next', async () => {
    const { cluster, clock, producer, stored } = start({ batchBytes: 1 })
    cluster.intercept(produceApi, ({ body }) => {
      const size = body.topicData[0]?.partitionData[0]?.records?.length ?? 0
      return size > 300 ? produceAnswer(ERROR_CODES.MESSAGE_TOO_LARGE) : 'as-usual'
    })
    const outcomes = ['a', 'x'.repeat(400), 'b', 'c'].map((value) => producer.send({ topic: 't', value }))
    const [first, large, ...rest] = await clock.run(Promise.allSettled(outcomes))
    expect(large).toMatchObject({ status: 'rejected', reason: { kafkaError: 'MESSAGE_TOO_LARGE' } })
    expect([first, ...rest].map((outcome) => outcome?.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
    expect(stored()).toEqual(['a', 'b', 'c'])
  })

  it('goes on under a new producer id after it was fenced', async () => {
    const { cluster, clock, producer, stored } = start()
    await clock.run(producer.send({ topic: 't', value: 'a' }))
    cluster.interceptNext(produceApi, produceAnswer(ERROR_CODES.INVALID_PRODUCER_EPOCH))
    await expect(clock.run(producer.send({ topic: 't', value: 'b' }))).rejects.toMatchObject({ kafkaError: 'INVALID_PRODUCER_EPOCH' })
    await clock.run(producer.send({ topic: 't', value: 'c' }))
    expect(stored()).toEqual(['a', 'c'])
    expect(cluster.requestsOf(initProducerIdApi)).toHaveLength(2)
  })

  it('gives up at the delivery time-out and says what stood in the way', async () => {
    const { cluster, clock, producer } = start({ deliveryTimeoutMs: 3_000 })
    cluster.intercept(produceApi, () => produceAnswer(ERROR_CODES.NOT_ENOUGH_REPLICAS))
    await expect(clock.run(producer.send({ topic: 't', value: 'a' }))).rejects.toMatchObject({
      code: 'ERR_CLIENT_TIMED_OUT',
      message: expect.stringMatching(
        /^no delivery to "t" partition 0 within 3000 ms; it was sent \d+ times; last error: NOT_ENOUGH_REPLICAS/,
      ),
    })
    cluster.intercept(produceApi, () => 'as-usual')
    expect(await clock.run(producer.send({ topic: 't', value: 'b' }))).toMatchObject({ offset: 0 })
  })

  it('fails a record at once that the broker refuses', async () => {
    const { cluster, clock, producer } = start()
    cluster.interceptNext(produceApi, produceAnswer(ERROR_CODES.INVALID_RECORD, 'compacted topics need a key'))
    await expect(clock.run(producer.send({ topic: 't', value: 'a' }))).rejects.toMatchObject({
      kafkaError: 'INVALID_RECORD',
      message: 'INVALID_RECORD: compacted topics need a key',
      topic: 't',
      partition: 0,
    })
  })
})

describe('the buffer', () => {
  it('pushes back when it is full, and takes records again when there is room', async () => {
    const { cluster, clock, producer, stored } = start({ maxBufferedBytes: 1_000, batchBytes: 200 })
    cluster.intercept(produceApi, () => 'silence')
    await clock.run(producer.ready())
    const value = 'x'.repeat(100)
    const deliveries = Array.from({ length: 30 }, () => producer.send({ topic: 't', value }))
    await clock.advance(100)
    let isReady = false
    void producer.ready().then(() => (isReady = true))
    await clock.advance(100)
    expect(isReady).toBe(false)
    expect(producer.bufferedBytes).toBeLessThan(1_000 + 200)
    cluster.intercept(produceApi, () => 'as-usual')
    await clock.run(Promise.all(deliveries))
    expect(isReady).toBe(true)
    expect(stored()).toHaveLength(30)
    expect(producer.bufferedBytes).toBe(0)
  })

  it('is flushed without lingering', async () => {
    const { clock, producer, stored } = start({ lingerMs: 60_000 })
    for (const value of ['a', 'b', 'c']) void producer.send({ topic: 't', value })
    const before = clock.monotonic()
    await clock.run(producer.flush())
    expect(stored()).toEqual(['a', 'b', 'c'])
    expect(clock.monotonic() - before).toBeLessThan(1_000)
  })
})

describe('close', () => {
  it('delivers what was taken', async () => {
    const { clock, producer, stored } = start({ lingerMs: 60_000 })
    const sent = producer.send({ topic: 't', value: 'a' })
    await clock.run(producer.close())
    expect(await sent).toMatchObject({ offset: 0 })
    expect(stored()).toEqual(['a'])
    await expect(producer.send({ topic: 't', value: 'b' })).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
  })

  it('is one and the same however often it is called', async () => {
    const { clock, producer } = start()
    void producer.send({ topic: 't', value: 'a' })
    const closing = producer.close()
    expect(producer.close()).toBe(closing)
    await clock.run(closing)
  })

  it('of the client closes the producer too, and leaves no timer behind', async () => {
    const { clock, client, producer } = start()
    const sent = producer.send({ topic: 't', value: 'a' })
    await clock.run(client.close())
    expect((await sent).offset).toBe(0)
    await clock.settle()
    expect(clock.pendingTimers).toBe(0)
  })
})

it.each([
  [{ acks: 1, idempotent: true } as const, "acks: 'all'"],
  [{ maxInFlight: 6 }, 'at most 5'],
  [{ batchBytes: 0 }, 'batchBytes'],
  [{ maxBufferedBytes: Number.NaN }, 'maxBufferedBytes'],
])('%o is refused', (options, part) => {
  expect(() => start(options)).toThrow(
    expect.objectContaining({ code: 'ERR_CLIENT_INVALID_ARGUMENT', message: expect.stringContaining(part) }),
  )
})
