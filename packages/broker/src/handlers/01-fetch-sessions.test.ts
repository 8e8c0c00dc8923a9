import { ERROR_CODES, fetchApi } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { fetchAll, sendFetch } from '../testing/fetch-calls.ts'
import type { FetchedPartition, FetchOptions, FetchResponse } from '../testing/fetch-calls.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('a', [[1], [1], [1]])
  await append(0, 1, 2)
})

afterEach(() => broker.close())

/** One batch of one record for each of these partitions. */
async function append(...indexes: readonly number[]): Promise<void> {
  for (const index of indexes) await broker.append('a', index, [{ value: new Uint8Array(20) }])
}

/** What an answer tells of partitions: their numbers, in order, with `!` where there are records. */
function toldOf({ responses }: FetchResponse): string[] {
  return responses.flatMap(({ partitions }) => partitions.map((each) => `${each.partitionIndex}${each.records?.length === 0 ? '' : '!'}`))
}

async function open(partitions: readonly FetchedPartition[], options: FetchOptions = {}): Promise<FetchResponse> {
  return fetchAll(broker, partitions, { sessionEpoch: 0, ...options })
}

const NO_PARTITIONS = { sessionId: 0, responses: [] }
const AT_END = [0, 1, 2].map((partition) => ({ partition, fetchOffset: 1 }))

describe('a fetch session', () => {
  it('answers all at first, and then what changed', async () => {
    const first = await open(AT_END)
    const { sessionId } = first
    expect(sessionId).toBeGreaterThan(0)
    expect(toldOf(first)).toEqual(['0', '1', '2'])
    expect(await fetchAll(broker, [], { sessionId, sessionEpoch: 1 })).toMatchObject({
      errorCode: ERROR_CODES.NONE,
      sessionId,
      responses: [],
    })
    await append(1)
    expect(toldOf(await fetchAll(broker, [], { sessionId, sessionEpoch: 2 }))).toEqual(['1!'])
    expect(toldOf(await fetchAll(broker, [{ partition: 1, fetchOffset: 2 }], { sessionId, sessionEpoch: 3 }))).toEqual([])
  })

  it('tells of a high watermark that moved where there is no room for records, and of a log start', async () => {
    const { sessionId } = await open([
      { partition: 0, fetchOffset: 1 },
      { partition: 1, fetchOffset: 1 },
    ])
    await append(0, 1)
    const limits = { maxBytes: 1, sessionId }
    expect(toldOf(await fetchAll(broker, [], { ...limits, sessionEpoch: 1 }))).toEqual(['0!', '1'])
    // The one that was served lets the other go first.
    expect(toldOf(await fetchAll(broker, [], { ...limits, sessionEpoch: 2 }))).toEqual(['1!'])
    const log = await broker.log('a', 0)
    log.deleteRecordsBefore(1)
    expect(
      toldOf(
        await fetchAll(
          broker,
          [
            { partition: 0, fetchOffset: 2 },
            { partition: 1, fetchOffset: 2 },
          ],
          { ...limits, sessionEpoch: 3 },
        ),
      ),
    ).toEqual(['0'])
  })

  it('serves its partitions in turn when there is not room for all', async () => {
    const limits = { maxBytes: 1 }
    const first = await open(
      [0, 1, 2].map((partition) => ({ partition })),
      limits,
    )
    const { sessionId } = first
    const served = [toldOf(first)]
    for (let sessionEpoch = 1; sessionEpoch < 6; sessionEpoch += 1)
      served.push(toldOf(await fetchAll(broker, [], { ...limits, sessionId, sessionEpoch })))
    expect(served).toEqual([['0!', '1', '2'], ['1!'], ['2!'], ['0!'], ['1!'], ['2!']])
  })

  it('tells of an error each time, and of the partition again when the error is over', async () => {
    const { sessionId } = await open([
      { partition: 0, fetchOffset: 1 },
      { partition: 3, fetchOffset: 0 },
    ])
    expect(toldOf(await fetchAll(broker, [], { sessionId, sessionEpoch: 1 }))).toEqual(['3'])
    expect(toldOf(await fetchAll(broker, [], { sessionId, sessionEpoch: 2 }))).toEqual(['3'])
    broker.addPartition('a', [1])
    expect((await fetchAll(broker, [], { sessionId, sessionEpoch: 3 })).responses[0]?.partitions).toMatchObject([
      { partitionIndex: 3, errorCode: ERROR_CODES.NONE, highWatermark: 0 },
    ])
    expect(toldOf(await fetchAll(broker, [], { sessionId, sessionEpoch: 4 }))).toEqual([])
  })

  it('tells a follower that it is in range again, though nothing moved since it was told where the log begins', async () => {
    broker.addTopic('b', [[1, 2]])
    broker.addBroker(2)
    const log = await broker.log('b', 0)
    await broker.append('b', 0, [{ value: new Uint8Array(20) }])
    broker.changePartition('b', 0, { isr: [1] })
    log.deleteRecordsBefore(1)
    const ask = async (fetchOffset: number, session: FetchOptions): Promise<FetchResponse> =>
      fetchAll(broker, [{ topic: 'b', fetchOffset }], { replicaId: 2, ...session })
    const refused = await ask(0, { sessionEpoch: 0 })
    const { sessionId } = refused
    const where = { partitionIndex: 0, highWatermark: 1, logStartOffset: 1 }
    expect(refused.responses[0]?.partitions).toMatchObject([{ ...where, errorCode: ERROR_CODES.OFFSET_OUT_OF_RANGE }])
    const mended = await ask(1, { sessionId, sessionEpoch: 1 })
    expect(mended.responses[0]?.partitions).toMatchObject([{ ...where, errorCode: ERROR_CODES.NONE }])
  })

  it('tells no more of what was forgotten, and all of what was added', async () => {
    const { sessionId } = await open([{ partition: 0, fetchOffset: 1 }])
    const forgotten = [{ topic: 'a', partitions: [0] }]
    expect(toldOf(await fetchAll(broker, [{ partition: 1, fetchOffset: 1 }], { sessionId, sessionEpoch: 1, forgotten }))).toEqual(['1'])
    await append(0, 1)
    expect(toldOf(await fetchAll(broker, [], { sessionId, sessionEpoch: 2 }))).toEqual(['1!'])
  })

  it('waits for news of any of its partitions', async () => {
    const { sessionId } = await open(AT_END)
    const exchange = sendFetch(broker, [], { sessionId, sessionEpoch: 1, maxWaitMs: 500 })
    expect(exchange.state).toBe('open')
    await append(2)
    expect(toldOf(await exchange.answer())).toEqual(['2!'])
    const quiet = sendFetch(broker, [{ partition: 2, fetchOffset: 2 }], { sessionId, sessionEpoch: 2, maxWaitMs: 500 })
    broker.clock.advance(500)
    expect(await quiet.answer()).toMatchObject({ sessionId, responses: [] })
  })

  it('knows topics by their ids, and finds the old one gone when the name is used again', async () => {
    const topicId = broker.feed.image().topics.get('a')?.id ?? ''
    const topics = [{ topicId, partitions: [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 100 }] }]
    const ask = async (sessionId: number, sessionEpoch: number, named: typeof topics) =>
      broker.send(fetchApi, 18, { maxWaitMs: 0, minBytes: 1, sessionId, sessionEpoch, topics: named, forgottenTopicsData: [] }).answer()
    const { sessionId } = await ask(0, 0, topics)
    broker.removeTopic('a')
    broker.addTopic('a')
    const { responses } = await ask(sessionId, 1, [])
    expect(responses).toMatchObject([{ topicId, partitions: [{ partitionIndex: 0, errorCode: ERROR_CODES.UNKNOWN_TOPIC_ID }] }])
  })
})

describe('what is wrong with a session', () => {
  it.each([
    ['an unknown id', { sessionId: 77, sessionEpoch: 1 }, ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND],
    ['an epoch without a session', { sessionEpoch: 5 }, ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND],
  ])('is told above all partitions: %s', async (_what, options, errorCode) => {
    expect(await fetchAll(broker, [{}], options)).toMatchObject({ ...NO_PARTITIONS, errorCode })
  })

  it('is told above all partitions: a wrong epoch, and then another way to name topics', async () => {
    const { sessionId } = await open(AT_END)
    expect(await fetchAll(broker, [{}], { sessionId, sessionEpoch: 9 })).toMatchObject({
      ...NO_PARTITIONS,
      errorCode: ERROR_CODES.INVALID_FETCH_SESSION_EPOCH,
    })
    const byId = { maxWaitMs: 0, minBytes: 1, sessionId, sessionEpoch: 1, topics: [], forgottenTopicsData: [] }
    expect(await broker.call(fetchApi, 13, byId)).toMatchObject({ ...NO_PARTITIONS, errorCode: ERROR_CODES.FETCH_SESSION_TOPIC_ID_ERROR })
    expect(await fetchAll(broker, [], { sessionId, sessionEpoch: 1 })).toMatchObject({ errorCode: ERROR_CODES.NONE, sessionId })
  })

  it('does not keep a client from being served when there is no room for it', async () => {
    for (let count = 0; count < 10; count += 1) await open(AT_END)
    const answer = await open([{ partition: 0 }, { partition: 1, fetchOffset: 1 }])
    expect(answer.sessionId).toBe(0)
    expect(toldOf(answer)).toEqual(['0!', '1'])
  })

  it('does not keep more of them than there is room for, whatever brokers clients say to be', async () => {
    broker.addBroker(2)
    for (let count = 0; count < 20; count += 1) await open([], { replicaId: 100 + count })
    expect(broker.services.fetchSessions.size).toBe(10)
    expect(await open(AT_END, { replicaId: 2 })).not.toMatchObject({ sessionId: 0 })
  })

  it('is nothing to versions that have none', async () => {
    const answer = await fetchAll(broker, [{ partition: 0 }], { version: 6 })
    expect(toldOf(answer)).toEqual(['0!'])
    expect(broker.services.fetchSessions.size).toBe(0)
  })

  it('is nothing that a client without one has to care for', async () => {
    expect(await fetchAll(broker, [{ partition: 0 }], { sessionEpoch: -1 })).toMatchObject({ sessionId: 0, errorCode: ERROR_CODES.NONE })
    expect(broker.services.fetchSessions.size).toBe(0)
  })
})
