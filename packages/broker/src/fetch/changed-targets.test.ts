import { ERROR_CODES, fetchApi, type fetchResponse } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { batchOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import type { Exchange } from '../testing/exchange.ts'
import { produceAll } from '../testing/produce-calls.ts'
import { settled } from '../testing/settled.ts'

const FOLLOWER = 2
const PARTITIONS = 20
const MAX_WAIT_MS = 500
const ALL = Array.from({ length: PARTITIONS }, (_, index) => index)

let broker: BrokerFixture
let topicId: string
let sessionId: number
let sessionEpoch: number

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addBroker(FOLLOWER)
  topicId = broker.addTopic(
    'a',
    ALL.map(() => [1, FOLLOWER]),
    { durability: 'replicated', 'min.insync.replicas': '1' },
  )
  for (const index of ALL) await broker.log('a', index)
  sessionId = 0
  sessionEpoch = 0
})

afterEach(() => broker.close())

function send(named: readonly { readonly index: number; readonly fetchOffset?: number }[], maxWaitMs = 0): Exchange<typeof fetchResponse> {
  const partitions = named.map(({ index, fetchOffset = 0 }) => ({
    partition: index,
    fetchOffset,
    partitionMaxBytes: 1_000_000,
    currentLeaderEpoch: 0,
    logStartOffset: 0,
  }))
  const exchange = broker.send(fetchApi, 17, {
    maxWaitMs,
    minBytes: 1,
    sessionId,
    sessionEpoch,
    replicaState: { replicaId: FOLLOWER, replicaEpoch: broker.feed.image().brokers.get(FOLLOWER)?.epoch ?? -1 },
    topics: [{ topicId, partitions }],
    forgottenTopicsData: [],
  })
  sessionEpoch += 1
  return exchange
}

/** A session in which the follower has all there is. */
async function begin(): Promise<void> {
  sessionId = (await send(ALL.map((index) => ({ index }))).answer()).sessionId
}

/** Indexes of the partitions that are looked at while `run` runs. */
async function lookedAt(run: () => Promise<unknown>): Promise<number[]> {
  const looked: number[] = []
  const spies = ALL.map((index) => {
    const partition = broker.partition('a', index)
    const look = partition.onFetchByReplica.bind(partition)
    return vi.spyOn(partition, 'onFetchByReplica').mockImplementation((...args) => {
      looked.push(index)
      return look(...args)
    })
  })
  await run()
  for (const spy of spies) spy.mockRestore()
  return looked
}

const indexesOf = async (exchange: Exchange<typeof fetchResponse>): Promise<number[]> =>
  (await exchange.answer()).responses.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex))

describe('a follower that has all there is', () => {
  it('is not looked for anywhere when it asks again', async () => {
    await begin()
    expect(await lookedAt(() => send([]).answer())).toEqual([])
  })

  it('is answered from the partitions alone that were appended to', async () => {
    await begin()
    await broker.append('a', 7, [{}])
    await broker.append('a', 3, [{}])
    expect(await lookedAt(async () => expect(await indexesOf(send([]))).toEqual([3, 7]))).toEqual([3, 7])
  })

  it('is told once of a high watermark that its own progress moved', async () => {
    await begin()
    await broker.append('a', 3, [{}])
    await send([]).answer()
    const { responses } = await send([{ index: 3, fetchOffset: 1 }]).answer()
    expect(responses.flatMap(({ partitions }) => partitions)).toMatchObject([{ partitionIndex: 3, highWatermark: 1 }])
    expect(await lookedAt(() => send([]).answer())).toEqual([])
  })

  it('is told again when it names a partition anew, for it may not have taken what was said of it last', async () => {
    await begin()
    await broker.append('a', 3, [{}])
    await send([]).answer()
    await send([{ index: 3, fetchOffset: 1 }]).answer()
    const { responses } = await send([{ index: 3, fetchOffset: 1 }]).answer()
    expect(responses.flatMap(({ partitions }) => partitions)).toMatchObject([{ partitionIndex: 3, highWatermark: 1 }])
    expect(await lookedAt(async () => expect(await indexesOf(send([]))).toEqual([]))).toEqual([])
  })

  it('waits without being looked for, and is answered once for all that one turn of the loop brought', async () => {
    await begin()
    const exchange = send([], MAX_WAIT_MS)
    const looked = await lookedAt(async () => {
      await produceAll(
        broker,
        [0, 1, 2].map(() => batchOf()),
        { acks: 1 },
      )
      await settled()
    })
    expect(await indexesOf(exchange)).toEqual([0, 1, 2])
    expect(looked).toEqual([])
  })

  it('is in sync for as long as its session goes on', async () => {
    await begin()
    for (let ms = 0; ms < 60_000; ms += MAX_WAIT_MS) {
      const exchange = send([], MAX_WAIT_MS)
      broker.clock.advance(MAX_WAIT_MS)
      await exchange.answer()
    }
    await broker.append('a', 3, [{}])
    broker.clock.advance(9_000)
    expect(broker.partition('a', 3).isrRequest()).toBeNull()
    broker.clock.advance(9_000)
    expect(
      broker
        .partition('a', 3)
        .isrRequest()
        ?.newIsr.map(({ brokerId }) => brokerId),
    ).toEqual([1])
  })

  it('is told of a partition whose topic was deleted', async () => {
    await begin()
    const exchange = send([], MAX_WAIT_MS)
    broker.removeTopic('a')
    const { responses } = await exchange.answer()
    const codes = new Set(responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)))
    expect([...codes]).toEqual([ERROR_CODES.UNKNOWN_TOPIC_ID])
  })

  it('has one session with a leader: the next one ends it', async () => {
    await begin()
    const ended = { sessionId, sessionEpoch }
    ;[sessionId, sessionEpoch] = [0, 0]
    await begin()
    const [next] = [{ sessionId, sessionEpoch }]
    ;({ sessionId, sessionEpoch } = ended)
    expect((await send([]).answer()).errorCode).toBe(ERROR_CODES.FETCH_SESSION_ID_NOT_FOUND)
    ;({ sessionId, sessionEpoch } = next)
    await broker.append('a', 5, [{}])
    expect(await indexesOf(send([]))).toEqual([5])
  })
})
