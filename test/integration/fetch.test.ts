/** What a consumer may rely on: it is woken, it gets what it asked for and not much more, and it is told where the records end. */
import { type Decoded, ERROR_CODES, fetchApi, type fetchResponse, metadataApi } from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  batchOf,
  createTopic,
  type FetchOptions,
  fetchOnce,
  fetchRequest,
  produce,
  readFrom,
  valuesFrom,
} from './testing/partition-calls.ts'
import { batchesOf, readRecordSet } from './testing/record-set.ts'
import { WireConnection } from './testing/wire-connection.ts'

const LONGER_THAN_ANY_TEST_MS = 600_000
const { NONE } = ERROR_CODES

let broker: RunningBroker
let consumer: WireConnection
let producer: WireConnection

beforeEach(async () => {
  broker = await startBroker({ port: 0, storage: 'memory' })
  consumer = await WireConnection.open(broker)
  producer = await WireConnection.open(broker)
  await createTopic(producer, 'topic', { partitions: 2 })
})

afterEach(async () => {
  await consumer[Symbol.asyncDispose]()
  await producer[Symbol.asyncDispose]()
  await broker.close()
})

/** A fetch that the broker has for certain, and whether it was answered by now. */
async function waitingFetch(options: FetchOptions = {}) {
  const state = { isAnswered: false }
  const answer = fetchOnce(consumer, 'topic', 0, { maxWaitMs: LONGER_THAN_ANY_TEST_MS, ...options }).finally(() => {
    state.isAnswered = true
  })
  // What was sent before on any connection has arrived when a later request was answered twice over.
  for (let round = 0; round < 3; round++) await producer.call(metadataApi, 12, { topics: [], includeTopicAuthorizedOperations: false })
  return { state, answer }
}

describe('a fetch that waits', () => {
  it('is answered as soon as there is a record', async () => {
    for (let round = 0; round < 20; round++) {
      const topic = `topic-${round}`
      await createTopic(producer, topic)
      const answer = fetchOnce(consumer, topic, 0, { maxWaitMs: LONGER_THAN_ANY_TEST_MS })
      await produce(producer, topic, ['value'], { acks: round % 2 === 0 ? 1 : -1 })
      expect(readRecordSet((await answer).records, 0).records.map(({ value }) => value)).toEqual(['value'])
    }
  })

  it('is not answered before', async () => {
    const { state, answer } = await waitingFetch()
    expect(state.isAnswered).toBe(false)
    await produce(producer, 'topic', ['value'])
    expect((await answer).highWatermark).toBe(1)
  })

  it('waits for as many bytes as it wants', async () => {
    const first = batchOf(['x'.repeat(1_000)])
    const { state, answer } = await waitingFetch({ minBytes: first.length + 1 })
    await produce(producer, 'topic', first)
    await produce(producer, 'topic', ['elsewhere'], { partition: 1 })
    expect(state.isAnswered).toBe(false)
    await produce(producer, 'topic', ['y'])
    expect(batchesOf((await answer).records)).toHaveLength(2)
  })

  it('is answered with nothing when its time is up', async () => {
    const answer = await fetchOnce(consumer, 'topic', 0, { maxWaitMs: 20 })
    expect(answer).toMatchObject({ errorCode: NONE, highWatermark: 0, logStartOffset: 0 })
    expect(answer.records).toHaveLength(0)
  })

  it('is not held up by a partition that cannot be read', async () => {
    const request = fetchRequest('topic', 0, { maxWaitMs: LONGER_THAN_ANY_TEST_MS })
    request.topics.push({ topic: 'unknown', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }] })
    const { responses } = await consumer.call(fetchApi, 12, request)
    expect(responses.map(({ partitions }) => partitions[0]?.errorCode)).toEqual([NONE, ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION])
  })

  it('leaves the connections of others alone, a hundred times over', async () => {
    const consumers = await Promise.all(Array.from({ length: 100 }, () => WireConnection.open(broker)))
    const answers = consumers.map((connection) => fetchOnce(connection, 'topic', 0, { maxWaitMs: LONGER_THAN_ANY_TEST_MS }))
    await produce(producer, 'topic', ['for all'])
    for (const answer of answers) expect(readRecordSet((await answer).records, 0).records).toHaveLength(1)
    for (const connection of consumers) await connection[Symbol.asyncDispose]()
  })
})

describe('how much comes', () => {
  const BATCHES = 20
  const batch = batchOf(['x'.repeat(1_000)])

  beforeEach(async () => {
    for (let index = 0; index < BATCHES; index++) {
      await produce(producer, 'topic', batch)
      await produce(producer, 'topic', batch, { partition: 1 })
    }
  })

  it.each([
    ['the partition', { partitionMaxBytes: 1 }],
    ['the answer', { maxBytes: 1 }],
    ['both', { partitionMaxBytes: 1, maxBytes: 1 }],
    ['the partition, which wants nothing', { partitionMaxBytes: 0 }],
  ])('is one whole batch at least, whatever is said of %s', async (_name, options) => {
    for (const offset of [0, 7, BATCHES - 1]) {
      const { records } = await fetchOnce(consumer, 'topic', offset, options)
      expect(batchesOf(records).map(({ header }) => header.baseOffset)).toEqual([offset])
      expect(records).toHaveLength(batch.length)
    }
  })

  it('is no more than the partition may send', async () => {
    const partitionMaxBytes = Math.floor(batch.length * 3.5)
    const { records } = await fetchOnce(consumer, 'topic', 0, { partitionMaxBytes })
    expect(records?.length).toBeLessThanOrEqual(partitionMaxBytes)
    expect(batchesOf(records)).toHaveLength(3)
  })

  it('is no more than the answer may be, over all partitions', async () => {
    const request = fetchRequest('topic', 0, { maxBytes: batch.length * 2 })
    request.topics[0]?.partitions.push({ partition: 1, fetchOffset: 0, partitionMaxBytes: 1_000_000 })
    const { responses } = await consumer.call(fetchApi, 12, request)
    const sizes = responses[0]?.partitions.map(({ records }) => records?.length ?? 0) ?? []
    expect(sizes[0]).toBe(batch.length * 2)
    expect(sizes[1]).toBe(0)
  })

  it('is everything, read on from where the last answer ended, with any limit', async () => {
    for (const partitionMaxBytes of [1, 1_500, 5_000, 1_000_000]) {
      expect((await readFrom(consumer, 'topic', 0, { partitionMaxBytes })).map(({ offset }) => offset)).toEqual(
        Array.from({ length: BATCHES }, (_, index) => index),
      )
    }
  })
})

describe('where it begins', () => {
  it('is the batch that holds the offset', async () => {
    await produce(producer, 'topic', ['a', 'b', 'c'])
    await produce(producer, 'topic', ['d', 'e'])
    for (const [offset, base] of [
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 3],
      [4, 3],
    ] as const) {
      const { records } = await fetchOnce(consumer, 'topic', offset)
      expect(batchesOf(records)[0]?.header.baseOffset).toBe(base)
    }
    expect(await valuesFrom(consumer, 'topic', 4)).toEqual(['e'])
  })

  it.each([
    ['before the first', -1],
    ['after the last', 3],
  ])('cannot be %s', async (_name, offset) => {
    await produce(producer, 'topic', ['a', 'b'])
    const answer = await fetchOnce(consumer, 'topic', offset, { maxWaitMs: LONGER_THAN_ANY_TEST_MS })
    expect(answer).toMatchObject({ errorCode: ERROR_CODES.OFFSET_OUT_OF_RANGE, highWatermark: -1 })
  })

  it('may be the end', async () => {
    await produce(producer, 'topic', ['a', 'b'])
    expect(await fetchOnce(consumer, 'topic', 2)).toMatchObject({ errorCode: NONE, highWatermark: 2 })
  })
})

describe('the isolation level', () => {
  it('shows all that is stable, and says so', async () => {
    await produce(producer, 'topic', ['a', 'b'])
    const committed = await fetchOnce(consumer, 'topic', 0, { isolationLevel: 1 })
    const uncommitted = await fetchOnce(consumer, 'topic', 0)
    expect(committed).toMatchObject({ highWatermark: 2, lastStableOffset: 2, abortedTransactions: [] })
    expect(uncommitted).toMatchObject({ highWatermark: 2, lastStableOffset: 2, abortedTransactions: null })
    expect(committed.records).toEqual(uncommitted.records)
  })
})

describe('a fetch session', () => {
  type Session = Pick<Decoded<typeof fetchResponse>, 'sessionId' | 'errorCode' | 'responses'>
  const inSession = (sessionId: number, sessionEpoch: number, change: Partial<ReturnType<typeof fetchRequest>> = {}) =>
    consumer.call(fetchApi, 12, { ...fetchRequest('topic', 0), topics: [], sessionId, sessionEpoch, ...change })
  const partitionsOf = ({ responses }: Session) =>
    responses.flatMap(({ topic, partitions }) => partitions.map(({ partitionIndex }) => `${topic}-${partitionIndex}`))
  const both = () => {
    const { topics } = fetchRequest('topic', 0)
    topics[0]?.partitions.push({ partition: 1, fetchOffset: 0, partitionMaxBytes: 1_000_000 })
    return topics
  }

  it('names everything first, and then what has changed', async () => {
    const opened = await inSession(0, 0, { topics: both() })
    expect(opened.sessionId).not.toBe(0)
    expect(partitionsOf(opened)).toEqual(['topic-0', 'topic-1'])
    expect(partitionsOf(await inSession(opened.sessionId, 1))).toEqual([])
    await produce(producer, 'topic', ['value'], { partition: 1 })
    const changed = await inSession(opened.sessionId, 2)
    expect(partitionsOf(changed)).toEqual(['topic-1'])
    expect(readRecordSet(changed.responses[0]?.partitions[0]?.records ?? null, 0).records).toHaveLength(1)
  })

  it('waits and is woken for a partition that the request does not name', async () => {
    const { sessionId } = await inSession(0, 0, { topics: both() })
    const waiting = inSession(sessionId, 1, { maxWaitMs: LONGER_THAN_ANY_TEST_MS })
    await produce(producer, 'topic', ['value'], { partition: 1 })
    expect(partitionsOf(await waiting)).toEqual(['topic-1'])
  })

  it('remembers where it was moved to, and forgets what it was told to', async () => {
    await produce(producer, 'topic', ['a', 'b'])
    await produce(producer, 'topic', ['c'], { partition: 1 })
    const { sessionId } = await inSession(0, 0, { topics: both() })
    const moved = fetchRequest('topic', 2).topics
    expect(partitionsOf(await inSession(sessionId, 1, { topics: moved }))).toEqual(['topic-1'])
    const forgotten = await inSession(sessionId, 2, { forgottenTopicsData: [{ topic: 'topic', partitions: [1] }] as never })
    expect(partitionsOf(forgotten)).toEqual([])
    await produce(producer, 'topic', ['d'])
    await produce(producer, 'topic', ['e'], { partition: 1 })
    expect(partitionsOf(await inSession(sessionId, 3))).toEqual(['topic-0'])
  })

  it('is over when it is closed', async () => {
    const { sessionId } = await inSession(0, 0, { topics: both() })
    expect(await inSession(sessionId, -1)).toMatchObject({ errorCode: NONE, sessionId: 0 })
    expect((await inSession(sessionId, 1)).errorCode).toBe(ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND)
  })

  it.each([
    ['an id that nobody has', (id: number) => [id + 1, 1], ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND],
    ['an epoch that was there already', (id: number) => [id, 5], ERROR_CODES.INVALID_FETCH_SESSION_EPOCH],
  ] as const)('is refused with %s', async (_name, mistake, errorCode) => {
    const { sessionId } = await inSession(0, 0, { topics: both() })
    const [id, epoch] = mistake(sessionId) as [number, number]
    const refused = await inSession(id, epoch)
    expect({ errorCode: refused.errorCode, partitions: partitionsOf(refused) }).toEqual({ errorCode, partitions: [] })
    expect((await inSession(sessionId, 1)).errorCode).toBe(NONE)
  })

  it('is not needed', async () => {
    await produce(producer, 'topic', ['a'])
    expect(await inSession(0, -1, { topics: both() })).toMatchObject({ errorCode: NONE, sessionId: 0 })
  })
})
