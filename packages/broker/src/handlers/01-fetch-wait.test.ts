import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { VisibilityWaiter } from '../partition/partition-readers.ts'
import { batchOf, incompressibleText } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { fetchedValues, onlyResult, sendFetch } from '../testing/fetch-calls.ts'
import { produce } from '../testing/produce-calls.ts'
import { settled } from '../testing/settled.ts'

const MAX_WAIT_MS = 500
const WAITS = { maxWaitMs: MAX_WAIT_MS }

let broker: BrokerFixture
/** Who waits for partition 0 and 1 of the topic. */
let waiting: Set<VisibilityWaiter>[]

beforeEach(async () => {
  broker = await BrokerFixture.start()
  broker.addTopic('a', [[1], [1]])
  waiting = []
  for (const index of [0, 1]) {
    await broker.log('a', index)
    waiting.push(watched(index))
  }
})

afterEach(() => broker.close())

function watched(index: number): Set<VisibilityWaiter> {
  const partition = broker.partition('a', index)
  const waiters = new Set<VisibilityWaiter>()
  const { addVisibilityWaiter, removeVisibilityWaiter } = partition
  vi.spyOn(partition, 'addVisibilityWaiter').mockImplementation((waiter) => {
    waiters.add(waiter)
    addVisibilityWaiter.call(partition, waiter)
  })
  vi.spyOn(partition, 'removeVisibilityWaiter').mockImplementation((waiter) => {
    waiters.delete(waiter)
    removeVisibilityWaiter.call(partition, waiter)
  })
  return waiters
}

const waitingCounts = (): number[] => waiting.map(({ size }) => size)

describe('a fetch that finds too little', () => {
  it('waits, and is answered when an append has become visible', async () => {
    const exchange = sendFetch(broker, [{}], WAITS)
    expect(exchange.state).toBe('open')
    expect(waitingCounts()).toEqual([1, 0])
    const release = broker.disk.holdSyncs()
    await produce(broker, batchOf({ records: ['news'] }), { acks: 1 })
    await settled()
    expect(exchange.state).toBe('open')
    release()
    await settled()
    expect(exchange.state).toBe('answered')
    expect(fetchedValues(onlyResult(await exchange.answer()))).toEqual(['news'])
    expect(waitingCounts()).toEqual([0, 0])
  })

  it('is answered in the turn of the append where the topic is replicated only', async () => {
    broker.setTopicConfig('a', 'durability', 'replicated')
    const exchange = sendFetch(broker, [{}], WAITS)
    await produce(broker, batchOf(), { acks: 1 })
    expect(exchange.state).toBe('answered')
  })

  it('waits on for all that it asked for, from all of its partitions', async () => {
    const batch = batchOf({ records: ['v'] })
    const exchange = sendFetch(broker, [{ partition: 0 }, { partition: 1 }], { ...WAITS, minBytes: 2 * batch.length })
    await produce(broker, batch)
    await settled()
    expect(exchange.state).toBe('open')
    expect(waitingCounts()).toEqual([1, 1])
    await broker.append('a', 1, [{ value: new Uint8Array(100) }])
    expect((await exchange.answer()).responses.flatMap(({ partitions }) => partitions.map(({ highWatermark }) => highWatermark))).toEqual([
      1, 1,
    ])
    expect(waitingCounts()).toEqual([0, 0])
  })

  it('is answered with what there is when its time is up', async () => {
    await produce(broker, batchOf({ records: ['v'] }))
    const exchange = sendFetch(broker, [{}, { partition: 1 }], { ...WAITS, minBytes: 10_000 })
    broker.clock.advance(MAX_WAIT_MS - 1)
    expect(exchange.state).toBe('open')
    broker.clock.advance(1)
    const { responses } = await exchange.answer()
    expect(responses.flatMap(({ partitions }) => partitions.map(fetchedValues))).toEqual([['v'], []])
    expect(waitingCounts()).toEqual([0, 0])
  })

  it('is answered with what there is when the broker stops', async () => {
    await produce(broker, batchOf({ records: ['v'] }))
    const exchange = sendFetch(broker, [{}], { ...WAITS, minBytes: 10_000 })
    exchange.drain()
    expect(fetchedValues(onlyResult(await exchange.answer()))).toEqual(['v'])
    expect(waitingCounts()).toEqual([0, 0])
  })

  it('leaves nothing behind when its client goes away', async () => {
    const exchange = sendFetch(broker, [{}, { partition: 1 }], WAITS)
    expect(waitingCounts()).toEqual([1, 1])
    exchange.disconnect()
    expect(waitingCounts()).toEqual([0, 0])
    await produce(broker, batchOf())
    broker.clock.advance(MAX_WAIT_MS)
    expect(exchange.state).toBe('open')
  })

  it('is told when its topic is deleted', async () => {
    const exchange = sendFetch(broker, [{}, { partition: 1 }], WAITS)
    broker.removeTopic('a')
    const { responses } = await exchange.answer()
    const codes = responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
    expect(codes[0]).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    expect(waitingCounts()).toEqual([0, 0])
  })

  it('is told when its records can no longer be made durable', async () => {
    const exchange = sendFetch(broker, [{}], WAITS)
    broker.disk.failNext({ operation: 'sync' })
    await produce(broker, batchOf())
    expect(onlyResult(await exchange.answer())).toMatchObject({ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, highWatermark: -1 })
  })

  it('is answered once, whatever comes together', async () => {
    const exchange = sendFetch(broker, [{}], WAITS)
    await produce(broker, batchOf())
    await exchange.answer()
    exchange.drain()
    exchange.disconnect()
    await produce(broker, batchOf())
    broker.clock.advance(MAX_WAIT_MS)
    expect(exchange.state).toBe('answered')
  })

  it('has those who come for an unread partition wait until its log is open', async () => {
    broker.addTopic('b')
    const exchange = sendFetch(broker, [{ topic: 'b' }], WAITS)
    await settled()
    expect(exchange.state).toBe('open')
    await produce(broker, batchOf({ records: ['v'] }), { topic: 'b' })
    expect(fetchedValues(onlyResult(await exchange.answer()))).toEqual(['v'])
  })

  it('does not wait at all for a client that went away while the log was being opened', async () => {
    broker.addTopic('b')
    const exchange = sendFetch(broker, [{ topic: 'b' }], WAITS)
    const add = vi.spyOn(broker.partition('b'), 'addVisibilityWaiter')
    const remove = vi.spyOn(broker.partition('b'), 'removeVisibilityWaiter')
    exchange.disconnect()
    await settled()
    expect(add.mock.calls.length).toBe(remove.mock.calls.length)
  })
})

describe('a fetch is answered at once', () => {
  it.each([
    ['that does not want to wait', [{}], { maxWaitMs: 0 }],
    ['that wants to wait less than nothing', [{}], { maxWaitMs: -1 }],
    ['that wants nothing at the least', [{}], { ...WAITS, minBytes: 0 }],
    ['that names no partition', [], WAITS],
    ['with an error among its partitions', [{}, { partition: 9 }], WAITS],
    ['with an offset out of range', [{ fetchOffset: 5 }], WAITS],
  ])('%s', (_which, partitions, options) => {
    expect(sendFetch(broker, partitions, options).state).toBe('answered')
    expect(waitingCounts()).toEqual([0, 0])
  })

  it('with enough to read', async () => {
    await produce(broker, batchOf())
    expect(sendFetch(broker, [{}], WAITS).state).toBe('answered')
  })

  it('with as much as it may have, though it asked for more at the least', async () => {
    await produce(broker, batchOf({ records: [incompressibleText(2000)] }))
    expect(sendFetch(broker, [{}], { ...WAITS, minBytes: 5000, maxBytes: 1000 }).state).toBe('answered')
  })
})
