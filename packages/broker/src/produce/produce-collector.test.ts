import { ERROR_CODES, produceApi } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { defineHandler, LATER } from '../handlers/handler.ts'
import type { AcknowledgementWaiter } from '../partition/acknowledgement-queue.ts'
import type { Partition } from '../partition/partition.ts'
import { Exchange } from '../testing/exchange.ts'
import { NAMED_VERSION } from '../testing/produce-calls.ts'
import { StillClock } from '../testing/still-clock.ts'
import { ProduceCollector } from './produce-collector.ts'
import type { PartitionResult } from './produce-collector.ts'

const TIMEOUT_MS = 1000
const PLACE = { baseOffset: 10, lastOffset: 12, logAppendTimeMs: -1 }

/** A partition of which only the acknowledgements matter. */
class Replicas {
  readonly waiters = new Set<AcknowledgementWaiter>()
  readonly log = { logStartOffset: 4 }
  hasEnoughInSyncReplicas = true
  /** Acknowledges at once. */
  isAhead = false

  whenAcknowledged(waiter: AcknowledgementWaiter): void {
    if (this.isAhead) waiter.onOutcome(ERROR_CODES.NONE)
    else this.waiters.add(waiter)
  }

  cancelAcknowledgement(waiter: AcknowledgementWaiter): void {
    this.waiters.delete(waiter)
  }

  acknowledge(errorCode: typeof ERROR_CODES.NONE | typeof ERROR_CODES.KAFKA_STORAGE_ERROR = ERROR_CODES.NONE): void {
    for (const waiter of Array.from(this.waiters)) {
      this.waiters.delete(waiter)
      waiter.onOutcome(errorCode)
    }
  }

  get asPartition(): Partition {
    return this as unknown as Partition
  }
}

let clock: StillClock
let replicas: Replicas

beforeEach(() => {
  clock = new StillClock()
  replicas = new Replicas()
})

/** A request for so many partitions of a topic, up to where their batches are looked at. */
function begin(partitions: number, acks = -1) {
  const exchange = new Exchange(produceApi, NAMED_VERSION)
  const begun: { collector: ProduceCollector; results: PartitionResult[] }[] = []
  const handler = defineHandler(produceApi, (_request, context) => {
    const collector = new ProduceCollector(clock, context, acks, TIMEOUT_MS)
    const topic = collector.addTopic('a', '')
    begun.push({ collector, results: Array.from({ length: partitions }, (_, index) => collector.addPartition(topic, index)) })
    return LATER
  })
  exchange.start(handler, {})
  const [{ collector, results }] = begun as [(typeof begun)[0]]
  const [first, second] = results as [PartitionResult, PartitionResult]
  return { exchange, collector, first, second }
}

async function answered(exchange: ReturnType<typeof begin>['exchange']) {
  const { responses } = await exchange.answer()
  return responses.flatMap(({ partitionResponses }) => partitionResponses)
}

describe("the order of a connection's requests", () => {
  it('is settled when every batch has its place, and no earlier', () => {
    const { exchange, collector, first, second } = begin(2)
    collector.place(first, replicas.asPartition, PLACE)
    expect(exchange.isOrderReleased).toBe(false)
    collector.seal()
    expect(exchange.isOrderReleased).toBe(false)
    collector.settle(second, ERROR_CODES.CORRUPT_MESSAGE)
    expect(exchange.isOrderReleased).toBe(true)
    expect(exchange.state).toBe('open')
  })

  it('is not settled before all partitions are known', () => {
    const { exchange, collector, first } = begin(1)
    collector.place(first, replicas.asPartition, PLACE)
    expect(exchange.isOrderReleased).toBe(false)
    collector.seal()
    expect(exchange.isOrderReleased).toBe(true)
  })
})

describe('an answer', () => {
  it('waits with acks=all for all of the partitions, each written and acknowledged', async () => {
    const { exchange, collector, first, second } = begin(2)
    collector.place(first, replicas.asPartition, PLACE)
    collector.place(second, replicas.asPartition, { ...PLACE, baseOffset: 20, lastOffset: 20 })
    collector.seal()
    collector.appended(first, ERROR_CODES.NONE)
    expect(replicas.waiters.size).toBe(0)
    collector.appended(second, ERROR_CODES.NONE)
    expect([...replicas.waiters].map(({ requiredOffset }) => requiredOffset)).toEqual([13, 21])
    expect(exchange.state).toBe('open')
    replicas.acknowledge()
    expect(await answered(exchange)).toMatchObject([
      { errorCode: ERROR_CODES.NONE, baseOffset: 10, logStartOffset: 4 },
      { errorCode: ERROR_CODES.NONE, baseOffset: 20, logStartOffset: 4 },
    ])
    clock.advance(TIMEOUT_MS)
    expect(exchange.state).toBe('answered')
  })

  it('waits with acks=1 for the write alone', async () => {
    const { exchange, collector, first } = begin(1, 1)
    collector.place(first, replicas.asPartition, PLACE)
    collector.seal()
    expect(exchange.state).toBe('open')
    collector.appended(first, ERROR_CODES.NONE)
    expect(await answered(exchange)).toMatchObject([{ errorCode: ERROR_CODES.NONE, baseOffset: 10 }])
  })

  it('comes at once where everything is there already, or nothing was asked for', async () => {
    replicas.isAhead = true
    const { exchange, collector, first, second } = begin(2)
    for (const result of [first, second]) {
      collector.place(result, replicas.asPartition, PLACE)
      collector.appended(result, ERROR_CODES.NONE)
    }
    collector.seal()
    expect(await answered(exchange)).toHaveLength(2)
    const empty = begin(0)
    empty.collector.seal()
    expect(await answered(empty.exchange)).toEqual([])
  })

  it('names no place for what could not be written', async () => {
    const { exchange, collector, first } = begin(1)
    collector.place(first, replicas.asPartition, { ...PLACE, logAppendTimeMs: 99 })
    collector.seal()
    collector.appended(first, ERROR_CODES.KAFKA_STORAGE_ERROR)
    expect(await answered(exchange)).toMatchObject([{ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, baseOffset: -1, logAppendTimeMs: -1 }])
  })

  it('says that too few replicas were left when the records had reached all of them', async () => {
    const { exchange, collector, first } = begin(1)
    collector.place(first, replicas.asPartition, PLACE)
    collector.appended(first, ERROR_CODES.NONE)
    collector.seal()
    replicas.hasEnoughInSyncReplicas = false
    replicas.acknowledge()
    expect(await answered(exchange)).toMatchObject([{ errorCode: ERROR_CODES.NOT_ENOUGH_REPLICAS_AFTER_APPEND }])
  })

  it('passes on what became of those who waited', async () => {
    const { exchange, collector, first } = begin(1)
    collector.place(first, replicas.asPartition, PLACE)
    collector.appended(first, ERROR_CODES.NONE)
    collector.seal()
    replicas.acknowledge(ERROR_CODES.KAFKA_STORAGE_ERROR)
    expect(await answered(exchange)).toMatchObject([{ errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR }])
  })

  it('gives up when the time is up, once, and waits for nothing any more', async () => {
    const { exchange, collector, first, second } = begin(2)
    const other = new Replicas()
    collector.place(first, replicas.asPartition, PLACE)
    collector.place(second, other.asPartition, PLACE)
    for (const result of [first, second]) collector.appended(result, ERROR_CODES.NONE)
    collector.seal()
    replicas.acknowledge()
    clock.advance(TIMEOUT_MS)
    expect((await answered(exchange)).map(({ errorCode }) => errorCode)).toEqual([ERROR_CODES.NONE, ERROR_CODES.REQUEST_TIMED_OUT])
    expect(other.waiters.size).toBe(0)
  })

  it('is of no use to a client that is gone, and nothing waits for it any more', () => {
    const { exchange, collector, first } = begin(1)
    collector.place(first, replicas.asPartition, PLACE)
    collector.appended(first, ERROR_CODES.NONE)
    collector.seal()
    expect(replicas.waiters.size).toBe(1)
    exchange.disconnect()
    expect(replicas.waiters.size).toBe(0)
    clock.advance(TIMEOUT_MS)
    expect(exchange.state).toBe('open')
  })
})

describe('without an answer', () => {
  it.each([
    { errorCode: ERROR_CODES.NONE, state: 'unanswered' },
    { errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, state: 'closed' },
  ])('the outcome $errorCode ends as $state', ({ errorCode, state }) => {
    const { exchange, collector, first, second } = begin(2, 0)
    for (const result of [first, second]) collector.place(result, replicas.asPartition, PLACE)
    collector.seal()
    collector.appended(first, errorCode)
    expect(exchange.state).toBe('open')
    collector.appended(second, ERROR_CODES.NONE)
    expect(exchange.state).toBe(state)
    expect(replicas.waiters.size).toBe(0)
  })
})
