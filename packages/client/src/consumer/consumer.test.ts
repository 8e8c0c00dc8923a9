import { buildBatch, ERROR_CODES, fetchApi, listOffsetsApi, metadataApi } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { createClient } from '../client.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { fromUtf8, utf8 } from '../text.ts'
import type { Consumer } from './consumer.ts'
import type { ConsumedRecord, ConsumerOptions } from './consumer-options.ts'

function start(options: ConsumerOptions = {}, { brokers = 1, partitions = 1 } = {}) {
  const cluster = new FakeCluster(brokers)
  cluster.createTopic('t', partitions)
  const client = createClient({ brokers: cluster.brokers, runtime: cluster.runtime })
  return { cluster, clock: cluster.clock, client, consumer: client.consumer(options) }
}

function append(cluster: FakeCluster, values: readonly string[], partition = 0, timestamp = 1): void {
  const records = values.map((value) => ({ timestamp, key: null, value: utf8(value), headers: [{ key: utf8('h'), value: null }] }))
  cluster.partition('t', partition).append(buildBatch({ records, crc32c }))
}

async function values(records: AsyncIterable<ConsumedRecord>, count = Number.POSITIVE_INFINITY): Promise<string[]> {
  const found: string[] = []
  for await (const { value } of records) {
    found.push(fromUtf8(value ?? new Uint8Array(0)))
    if (found.length === count) break
  }
  return found
}

async function assigned(consumer: Consumer, ...assignments: Parameters<Consumer['assign']>[0]): Promise<Consumer> {
  await consumer.assign(assignments)
  return consumer
}

describe('reading', () => {
  it('gives records as they were written', async () => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['a'], 0, 99)
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    const next = await clock.run(consumer[Symbol.asyncIterator]().next())
    expect(next.value).toEqual({
      topic: 't',
      partition: 0,
      offset: 0,
      timestamp: 99,
      key: null,
      value: expect.anything(),
      headers: [{ key: 'h', value: null }],
    })
  })

  it('ends at the end as it was at the start', async () => {
    const { cluster, clock, consumer } = start({}, { partitions: 3 })
    append(cluster, ['a', 'b'], 0)
    append(cluster, ['c'], 2)
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    append(cluster, ['late'], 0)
    expect((await clock.run(values(consumer))).sort()).toEqual(['a', 'b', 'c'])
    expect(consumer.positions().map(({ position }) => position)).toEqual([2, 0, 1])
  })

  it('of a topic that is empty ends at once', async () => {
    const { clock, consumer } = start()
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    expect(await clock.run(values(consumer))).toEqual([])
  })

  it.each([
    ['earliest', ['a', 'b', 'c', 'd']],
    [2, ['c', 'd']],
    [{ timestamp: 20 }, ['b', 'c', 'd']],
    [{ timestamp: 31 }, ['d']],
  ] as const)('begins from %o', async (from, expected) => {
    const { cluster, clock, consumer } = start()
    for (const [value, timestamp] of [
      ['a', 10],
      ['b', 20],
      ['c', 30],
      ['d', 40],
    ] as const)
      append(cluster, [value], 0, timestamp)
    await clock.run(consumer.assign([{ topic: 't', from, until: 'end' }]))
    expect(await clock.run(values(consumer))).toEqual(expected)
  })

  it.each(['latest', { timestamp: 500 }] as const)('begins from %o with what is written then', async (from) => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['old'], 0, 10)
    await clock.run(consumer.assign([{ topic: 't', from }]))
    const found = clock.run(values(consumer, 1))
    append(cluster, ['new'], 0, 600)
    expect(await found).toEqual(['new'])
  })

  it('stops before the offset that is named', async () => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['a', 'b', 'c', 'd'])
    await clock.run(consumer.assign([{ topic: 't', partition: 0, from: 1, until: 3 }]))
    expect(await clock.run(values(consumer))).toEqual(['b', 'c'])
  })

  it('waits for what is written later, without asking all the time', async () => {
    const { cluster, clock, consumer } = start({ maxWaitMs: 500 })
    await clock.run(consumer.assign([{ topic: 't' }]))
    const found = values(consumer, 1)
    await clock.advance(10_000)
    expect(cluster.requestsOf(fetchApi).length).toBeLessThanOrEqual(21)
    append(cluster, ['a'])
    expect(await clock.run(found)).toEqual(['a'])
  })

  it('gives whole batches to whoever wants them', async () => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['a', 'b'])
    append(cluster, ['c'])
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    const batches: number[] = []
    const reading = (async () => {
      for await (const { records } of consumer.batches()) batches.push(records.length)
    })()
    await clock.run(reading)
    expect(batches).toEqual([2, 1])
  })

  it('works with a broker that knows topics by name only', async () => {
    const { cluster, clock, consumer } = start()
    cluster.maxVersions.set(fetchApi.key, 12)
    append(cluster, ['a'])
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    expect(await clock.run(values(consumer))).toEqual(['a'])
    expect(cluster.requestsOf(fetchApi)[0]?.version).toBe(12)
  })
})

describe('back pressure', () => {
  it('keeps what is fetched ahead within bounds', async () => {
    const { cluster, clock, consumer } = start({ maxPartitionBytes: 500 })
    for (let index = 0; index < 100; index++) append(cluster, ['x'.repeat(300)])
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    await clock.advance(10_000)
    expect(cluster.requestsOf(fetchApi).length).toBeLessThanOrEqual(3)
    expect(await clock.run(values(consumer))).toHaveLength(100)
  })

  it('lets a quiet partition hold up nobody', async () => {
    const { cluster, clock, consumer } = start({ maxPartitionBytes: 500, maxWaitMs: 500 }, { partitions: 2 })
    for (let index = 0; index < 100; index++) append(cluster, ['x'.repeat(300)], 0)
    await clock.run(consumer.assign([{ topic: 't' }]))
    await clock.advance(2_000)
    const before = clock.monotonic()
    expect(await clock.run(values(consumer, 100))).toHaveLength(100)
    expect(clock.monotonic() - before).toBeLessThan(500)
  })

  it('does not ask without end for a quiet partition while a full one waits for its reader', async () => {
    const { cluster, clock, consumer } = start({ maxPartitionBytes: 500, maxWaitMs: 500 }, { partitions: 2 })
    for (let index = 0; index < 10; index++) append(cluster, ['x'.repeat(300)], 0)
    await clock.run(consumer.assign([{ topic: 't' }]))
    await clock.advance(10_000)
    expect(cluster.requestsOf(fetchApi).length).toBeLessThanOrEqual(25)
    append(cluster, ['quiet'], 1)
    await clock.advance(600)
    const found = await clock.run(values(consumer, 3))
    expect(found).toContain('quiet')
  })
})

describe('what goes wrong on the way', () => {
  it.each([
    'hang-up',
    'lose-answer',
    'silence',
    { answer: { errorCode: ERROR_CODES.UNKNOWN_SERVER_ERROR, sessionId: 0, responses: [] } },
  ] as const)('after %o reading goes on where it was, or says why not', async (reaction) => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['a', 'b'])
    cluster.interceptNext(fetchApi, reaction)
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    const reading = clock.run(values(consumer))
    if (typeof reaction === 'string') expect(await reading).toEqual(['a', 'b'])
    else await expect(reading).rejects.toMatchObject({ kafkaError: 'UNKNOWN_SERVER_ERROR' })
  })

  it('follows a leader that moves', async () => {
    const { cluster, clock, consumer } = start({}, { brokers: 2 })
    append(cluster, ['a'])
    await clock.run(consumer.assign([{ topic: 't' }]))
    expect(await clock.run(values(consumer, 1))).toEqual(['a'])
    cluster.moveLeader('t', 0, 2)
    append(cluster, ['b'])
    expect(await clock.run(values(consumer, 1))).toEqual(['b'])
    expect(cluster.requestsOf(fetchApi).at(-1)?.nodeId).toBe(2)
  })

  it('follows a leader whose broker has died', async () => {
    const { cluster, clock, consumer } = start({}, { brokers: 2 })
    append(cluster, ['a'])
    await clock.run(consumer.assign([{ topic: 't' }]))
    expect(await clock.run(values(consumer, 1))).toEqual(['a'])
    cluster.stop(1)
    cluster.moveLeader('t', 0, 2)
    append(cluster, ['b'])
    expect(await clock.run(values(consumer, 1))).toEqual(['b'])
  })

  it('says that a partition has been without a leader for too long', async () => {
    const { cluster, clock, consumer } = start({ maxUnavailableMs: 5_000 })
    await clock.run(consumer.assign([{ topic: 't' }]))
    cluster.moveLeader('t', 0, -1)
    await expect(clock.run(values(consumer))).rejects.toMatchObject({ isRetriable: true, topic: 't', partition: 0 })
  })

  it('stops at a damaged batch and never gives out what lies behind it', async () => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['a'])
    append(cluster, ['damaged'])
    append(cluster, ['c'])
    cluster.partition('t').batches[1]?.set([0xff], 70)
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    const found: string[] = []
    const reading = (async () => {
      for await (const { value } of consumer) found.push(fromUtf8(value ?? new Uint8Array(0)))
    })()
    await expect(clock.run(reading)).rejects.toMatchObject({
      code: 'ERR_CLIENT_CORRUPT_RECORDS',
      message: expect.stringContaining('offset 1'),
    })
    await expect(clock.run(values(consumer))).rejects.toMatchObject({ code: 'ERR_CLIENT_CORRUPT_RECORDS' })
    expect(found).toEqual(['a'])
  })
})

describe('an offset that the log does not have (any more)', () => {
  it('is an error unless asked otherwise', async () => {
    const { cluster, clock, consumer } = start()
    cluster.partition('t').startOffset = 10
    await clock.run(consumer.assign([{ topic: 't', from: 5 }]))
    await expect(clock.run(values(consumer))).rejects.toMatchObject({
      kafkaError: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringContaining('does not have offset 5'),
    })
  })

  it('is an error also for a reader that stops at the end', async () => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['a'])
    await expect(clock.run(consumer.assign([{ topic: 't', from: 5, until: 'end' }]))).rejects.toMatchObject({
      kafkaError: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringContaining('does not have offset 5'),
    })
    await clock.run(consumer.assign([{ topic: 't', from: 1, until: 'end' }]))
    expect(await clock.run(values(consumer))).toEqual([])
  })

  it.each([
    ['earliest', ['a', 'b']],
    ['latest', []],
  ] as const)('is replaced by the %s also for a reader that stops at the end', async (onOffsetOutOfRange, expected) => {
    const { cluster, clock, consumer } = start({ onOffsetOutOfRange })
    append(cluster, ['a', 'b'])
    await clock.run(consumer.assign([{ topic: 't', from: 5, until: 'end' }]))
    expect(await clock.run(values(consumer))).toEqual(expected)
  })

  it.each([
    ['earliest', ['a', 'b']],
    ['latest', ['b']],
  ] as const)('is replaced by the %s when asked for', async (onOffsetOutOfRange, expected) => {
    const { cluster, clock, consumer } = start({ onOffsetOutOfRange })
    cluster.partition('t').startOffset = 10
    append(cluster, ['a'])
    await clock.run(consumer.assign([{ topic: 't', from: 5 }]))
    const found = clock.run(values(consumer, expected.length))
    await clock.settle()
    append(cluster, ['b'])
    expect(await found).toEqual(expected)
  })
})

describe('assign', () => {
  it.each([
    ['a partition that is not there', [{ topic: 't', partition: 4 }], 'partitions 0 to 0, not 4'],
    ['a partition twice', [{ topic: 't' }, { topic: 't', partition: 0 }], 'assigned already'],
  ])('refuses %s', async (_, assignments, message) => {
    const { clock, consumer } = start()
    await expect(clock.run(consumer.assign(assignments))).rejects.toMatchObject({
      code: 'ERR_CLIENT_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  it('rejects for a topic that does not appear', async () => {
    const { cluster, clock, consumer } = start()
    await expect(clock.run(consumer.assign([{ topic: 'missing' }]))).rejects.toMatchObject({ kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION' })
    expect(cluster.requestsOf(metadataApi).every(({ body }) => !body.allowAutoTopicCreation)).toBe(true)
  })

  it('asks again for offsets that a leader cannot give for the moment', async () => {
    const { cluster, clock, consumer } = start()
    append(cluster, ['a'])
    const partition = { partitionIndex: 0, errorCode: ERROR_CODES.OFFSET_NOT_AVAILABLE }
    cluster.interceptNext(listOffsetsApi, { answer: { topics: [{ name: 't', partitions: [partition] }] } })
    await clock.run(consumer.assign([{ topic: 't', until: 'end' }]))
    expect(await clock.run(values(consumer))).toEqual(['a'])
  })
})

describe('close', () => {
  it('ends the iteration, also one that waits', async () => {
    const { clock, consumer } = start()
    const reading = values(await clock.run(assigned(consumer, { topic: 't' })))
    await clock.advance(100)
    await consumer.close()
    expect(await clock.run(reading)).toEqual([])
  })

  it('of the client leaves no timer behind', async () => {
    const { clock, client, consumer } = start()
    const reading = values(await clock.run(assigned(consumer, { topic: 't' })))
    await clock.advance(100)
    await clock.run(client.close())
    expect(await clock.run(reading)).toEqual([])
    // The broker's own wait.
    await clock.advance(500)
    expect(clock.pendingTimers).toBe(0)
  })
})
