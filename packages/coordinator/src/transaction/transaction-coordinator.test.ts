/** Stories of producers and their transactions, in both protocols where they tell the same. */
import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FIRST_PROTOCOL, ID, ORDERS, type Producer, SECOND_PROTOCOL, TransactionScene } from '../testing/transaction-scene.ts'
import { RECORD_BYTES_MAX } from './settings.ts'
import type { Transaction } from './state.ts'

const { NONE, CONCURRENT_TRANSACTIONS, PRODUCER_FENCED, INVALID_PRODUCER_EPOCH, COORDINATOR_LOAD_IN_PROGRESS } = ERROR_CODES
const PROTOCOLS = [
  ['first', FIRST_PROTOCOL],
  ['second', SECOND_PROTOCOL],
] as const

const LAST_USABLE_EPOCH = 32_766

function ongoing(producer: Producer, more: Partial<Transaction> = {}): Transaction {
  return {
    ...producer,
    previousProducerId: producer.producerId,
    nextProducerId: -1,
    timeoutMs: 60_000,
    state: 'Ongoing',
    partitions: ORDERS,
    startMs: 990_000,
    updateMs: 990_000,
    transactionVersion: 2,
    ...more,
  }
}

describe.each(PROTOCOLS)('in the %s protocol', (which, protocol) => {
  const raises = which === 'second' ? 1 : 0

  it('a producer begins with a fresh id, commits, and goes on', () => {
    const scene = new TransactionScene(protocol)
    const producer = scene.init()
    expect(producer).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 0 })
    expect(scene.add(producer)).toBe(NONE)
    expect(scene.end(producer, 'commit')).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: raises })
    expect(scene.markers).toEqual([
      {
        type: 'write-markers',
        transactionalId: ID,
        producerId: 1,
        producerEpoch: raises,
        result: 'commit',
        transactionVersion: raises * 2,
        topics: ORDERS,
      },
    ])
    const next = { producerId: 1, producerEpoch: raises }
    expect(scene.add(next)).toBe(CONCURRENT_TRANSACTIONS)
    scene.answerMarkers()
    expect(scene.add(next)).toBe(NONE)
    expect(scene.end(next, 'abort')).toMatchObject({ errorCode: NONE, producerEpoch: 2 * raises })
  })

  it('a second producer shuts the first out and aborts what it had open', () => {
    const scene = new TransactionScene(protocol)
    const first = scene.init()
    scene.add(first)
    expect(scene.init().errorCode).toBe(CONCURRENT_TRANSACTIONS)
    expect(scene.markers).toMatchObject([{ result: 'abort', producerEpoch: 1 }])
    expect(scene.init().errorCode).toBe(CONCURRENT_TRANSACTIONS)
    scene.answerMarkers()
    const second = scene.init()
    expect(second).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 2 })
    expect(scene.add(first)).toBe(PRODUCER_FENCED)
    expect(scene.end(first, 'commit').errorCode).toBe(PRODUCER_FENCED)
    expect(scene.add(second)).toBe(NONE)
  })

  it('an operator ends a hanging transaction as a producer would, with the shortest timeout', () => {
    const scene = new TransactionScene(protocol, {}, ongoing({ producerId: 70, producerEpoch: 5 }))
    expect(scene.init(undefined, { timeoutMs: 1 }).errorCode).toBe(CONCURRENT_TRANSACTIONS)
    scene.answerMarkers()
    expect(scene.transaction()).toMatchObject({ state: 'CompleteAbort', producerEpoch: 6 })
  })

  it('a producer that goes on gets the next epoch, and the same again when it did not hear of it', () => {
    const scene = new TransactionScene(protocol)
    const producer = scene.init()
    const next = scene.init(producer)
    expect(next).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 1 })
    expect(scene.init(producer)).toEqual(next)
    expect(scene.init(producer)).toEqual(next)
    expect(scene.init(next)).toMatchObject({ errorCode: NONE, producerEpoch: 2 })
    expect(scene.init(producer).errorCode).toBe(PRODUCER_FENCED)
  })

  it('a producer that goes on while its transaction is open has it aborted first', () => {
    const scene = new TransactionScene(protocol)
    const producer = scene.init()
    scene.add(producer)
    expect(scene.init(producer).errorCode).toBe(CONCURRENT_TRANSACTIONS)
    expect(scene.init(producer).errorCode).toBe(CONCURRENT_TRANSACTIONS)
    scene.answerMarkers()
    expect(scene.init(producer)).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 1 })
  })

  it('a producer whose transaction took too long goes on, unless another has begun', () => {
    const scene = new TransactionScene(protocol)
    const producer = scene.init(undefined, { timeoutMs: 1_000 })
    scene.add(producer)
    scene.pass(20_000)
    scene.answerMarkers()
    const next = scene.init(producer)
    expect(next).toMatchObject({ errorCode: NONE, producerEpoch: 1 })
    scene.add(next)
    scene.pass(100_000)
    scene.answerMarkers()
    scene.init()
    expect(scene.init(next).errorCode).toBe(PRODUCER_FENCED)
  })

  it('a producer that another one came after cannot go on, nor get the epoch of that other', () => {
    const scene = new TransactionScene(protocol)
    const first = scene.init()
    const second = scene.init()
    expect(second).toMatchObject({ producerEpoch: 1 })
    expect(scene.init(first).errorCode).toBe(PRODUCER_FENCED)
  })

  it('a producer that was shut out cannot end the transaction of its successor by going on', () => {
    const scene = new TransactionScene(protocol)
    const first = scene.init()
    const second = scene.init()
    scene.add(second)
    expect(scene.init(first).errorCode).toBe(PRODUCER_FENCED)
    expect(scene.end(second, 'commit').errorCode).toBe(NONE)
  })

  it('a transaction that takes too long is aborted in an epoch that its producer does not have', () => {
    const scene = new TransactionScene(protocol)
    const producer = scene.init(undefined, { timeoutMs: 5_000 })
    scene.add(producer)
    scene.pass(4_000)
    expect(scene.transaction()?.state).toBe('Ongoing')
    scene.pass(7_000)
    expect(scene.markers).toMatchObject([{ result: 'abort', producerEpoch: 1 }])
    expect(scene.transaction()).toMatchObject({ state: 'PrepareAbort', producerEpoch: 1 })
    scene.answerMarkers()
    expect(scene.add(producer)).toBe(PRODUCER_FENCED)
  })

  it('looks for transactions that take too long only while one is open', () => {
    const scene = new TransactionScene(protocol)
    const producer = scene.init()
    expect([...scene.timers.keys()]).toEqual(['remove-expired'])
    scene.add(producer)
    expect([...scene.timers.keys()]).toContain('abort-timed-out')
    scene.pass(30_000)
    expect([...scene.timers.keys()]).toContain('abort-timed-out')
    scene.end(producer, 'commit')
    scene.pass(30_000)
    expect([...scene.timers.keys()]).toEqual(['remove-expired'])
  })

  it('a successor tells all partitions again how a transaction ended, and completes it', () => {
    const scene = new TransactionScene(protocol)
    const producer = scene.init()
    scene.add(producer)
    scene.end(producer, 'commit')
    const [asked] = scene.markers
    scene.restart()
    expect(scene.markers).toEqual([asked])
    scene.answerMarkers()
    expect(scene.transaction()).toMatchObject({ state: 'CompleteCommit', partitions: [] })
  })

  it('an empty pool of producer ids makes a new producer ask again', () => {
    const scene = new TransactionScene(protocol)
    scene.idsAtHand = 0
    expect(scene.init()).toMatchObject({ errorCode: COORDINATOR_LOAD_IN_PROGRESS, producerId: -1, producerEpoch: -1 })
    expect(scene.log).toEqual([])
    scene.idsAtHand = 1
    expect(scene.init().errorCode).toBe(NONE)
  })
})

describe('when the epochs of a producer id are used up', () => {
  it.each(PROTOCOLS)('a producer that begins gets another id, in the %s protocol', (_, protocol) => {
    const found = ongoing({ producerId: 70, producerEpoch: LAST_USABLE_EPOCH }, { state: 'CompleteAbort', partitions: [] })
    const scene = new TransactionScene(protocol, {}, found)
    expect(scene.init()).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 0 })
  })

  it.each(PROTOCOLS)('one that goes on gets another id, and the same again, in the %s protocol', (_, protocol) => {
    const holder = { producerId: 70, producerEpoch: LAST_USABLE_EPOCH }
    const scene = new TransactionScene(protocol, {}, ongoing(holder, { state: 'CompleteAbort', partitions: [] }))
    const next = scene.init(holder)
    expect(next).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 0 })
    expect(scene.init(holder)).toEqual(next)
    expect(scene.init(holder)).toEqual(next)
  })

  it('an end in the second protocol gives the producer another id; markers carry the last epoch of the old one', () => {
    const holder = { producerId: 70, producerEpoch: LAST_USABLE_EPOCH }
    const scene = new TransactionScene(SECOND_PROTOCOL, {}, ongoing(holder))
    const next = { producerId: 1, producerEpoch: 0 }
    expect(scene.end(holder, 'commit')).toMatchObject({ errorCode: NONE, ...next })
    expect(scene.markers).toMatchObject([{ producerId: 70, producerEpoch: 32_767, result: 'commit' }])
    // Not one that is unknown: the producer would give up.
    expect(scene.add(next)).toBe(CONCURRENT_TRANSACTIONS)
    expect(scene.end(next, 'abort').errorCode).toBe(CONCURRENT_TRANSACTIONS)
    scene.answerMarkers()
    expect(scene.transaction()).toMatchObject({ state: 'CompleteCommit', ...next, previousProducerId: 70 })
    expect(scene.end(holder, 'commit')).toMatchObject({ errorCode: NONE, ...next })
    expect(scene.end(holder, 'abort').errorCode).toBe(ERROR_CODES.INVALID_TXN_STATE)
    expect(scene.add(next)).toBe(NONE)
    expect(scene.end(holder, 'commit').errorCode).toBe(ERROR_CODES.INVALID_PRODUCER_ID_MAPPING)
  })

  it('such an end waits for another id, and so does the abort of what takes too long', () => {
    const holder = { producerId: 70, producerEpoch: LAST_USABLE_EPOCH }
    const scene = new TransactionScene(SECOND_PROTOCOL, {}, ongoing(holder))
    scene.idsAtHand = 0
    expect(scene.end(holder, 'commit').errorCode).toBe(COORDINATOR_LOAD_IN_PROGRESS)
    expect(scene.init().errorCode).toBe(COORDINATOR_LOAD_IN_PROGRESS)
    scene.pass(100_000)
    expect(scene.transaction()?.state).toBe('Ongoing')
    scene.idsAtHand = 1
    scene.pass(10_000)
    expect(scene.transaction()).toMatchObject({ state: 'PrepareAbort', producerEpoch: 32_767, nextProducerId: 1 })
    scene.answerMarkers()
    expect(scene.end(holder, 'abort')).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 0 })
  })

  it('shutting out takes the last epoch in the first protocol, and the next producer another id', () => {
    const found = ongoing({ producerId: 70, producerEpoch: LAST_USABLE_EPOCH }, { transactionVersion: 0, previousProducerId: -1 })
    const scene = new TransactionScene(FIRST_PROTOCOL, {}, found)
    expect(scene.init().errorCode).toBe(CONCURRENT_TRANSACTIONS)
    expect(scene.markers).toMatchObject([{ producerEpoch: 32_767, transactionVersion: 0 }])
    scene.answerMarkers()
    expect(scene.init()).toMatchObject({ errorCode: NONE, producerId: 1, producerEpoch: 0 })
  })
})

describe('an end that is sent twice', () => {
  it('in the second protocol is answered with what the producer did not hear', () => {
    const scene = new TransactionScene()
    const producer = scene.init()
    scene.add(producer)
    const answer = scene.end(producer, 'commit')
    expect(scene.end(producer, 'commit').errorCode).toBe(CONCURRENT_TRANSACTIONS)
    scene.answerMarkers()
    expect(scene.end(producer, 'commit')).toEqual(answer)
    scene.restart()
    expect(scene.end(producer, 'commit')).toEqual(answer)
    expect(scene.end(producer, 'abort').errorCode).toBe(ERROR_CODES.INVALID_TXN_STATE)
  })

  it('also when the transaction took too long: the producer goes on with the epoch it was shut out with', () => {
    const scene = new TransactionScene()
    const producer = scene.init(undefined, { timeoutMs: 1_000 })
    scene.add(producer)
    scene.pass(20_000)
    scene.answerMarkers()
    expect(scene.end(producer, 'abort')).toMatchObject({ errorCode: NONE, producerEpoch: 1 })
  })

  it('is not what a producer of the second protocol sends that one of the first came after', () => {
    const scene = new TransactionScene()
    const first = scene.init()
    const second = scene.init()
    scene.add(second, ORDERS, { version: FIRST_PROTOCOL.add })
    scene.end(second, 'abort', { version: FIRST_PROTOCOL.end })
    scene.answerMarkers()
    expect(scene.transaction()).toMatchObject({ state: 'CompleteAbort', producerEpoch: 1 })
    expect(scene.end(first, 'abort').errorCode).toBe(PRODUCER_FENCED)
  })
})

describe('codes that older clients do not know', () => {
  it.each([
    { api: 'InitProducerId', since: 4 },
    { api: 'AddPartitionsToTxn', since: 2 },
    { api: 'AddOffsetsToTxn', since: 2 },
    { api: 'EndTxn', since: 2 },
  ] as const)('$api says INVALID_PRODUCER_EPOCH below version $since', ({ api, since }) => {
    const codeAt = (version: number): number => {
      const scene = new TransactionScene()
      const old = scene.init()
      scene.init()
      switch (api) {
        case 'InitProducerId':
          return scene.init(old, { version }).errorCode
        case 'AddPartitionsToTxn':
          return scene.add(old, ORDERS, { version })
        case 'AddOffsetsToTxn': {
          const offsetsPartition = { topic: '__consumer_offsets', partitions: [3] }
          return scene.ask({ api, transactionalId: ID, producerId: 1, producerEpoch: 0, offsetsPartition }, version).errorCode
        }
        case 'EndTxn':
          return scene.end(old, 'commit', { version }).errorCode
      }
    }
    expect([codeAt(since - 1), codeAt(since)]).toEqual([INVALID_PRODUCER_EPOCH, PRODUCER_FENCED])
  })
})

describe('what nobody may exceed', () => {
  it('refuses ids that are empty or too long, and timeouts that are no times', () => {
    const scene = new TransactionScene()
    expect(scene.init(undefined, { id: '' }).errorCode).toBe(ERROR_CODES.INVALID_REQUEST)
    expect(scene.init(undefined, { id: 'x'.repeat(1_025) }).errorCode).toBe(ERROR_CODES.INVALID_REQUEST)
    expect(scene.init({ producerId: 1, producerEpoch: -1 }).errorCode).toBe(ERROR_CODES.INVALID_REQUEST)
    expect(scene.init(undefined, { timeoutMs: 0 }).errorCode).toBe(ERROR_CODES.INVALID_TRANSACTION_TIMEOUT)
    expect(scene.add({ producerId: 1, producerEpoch: 0 }, ORDERS, { id: '' })).toBe(ERROR_CODES.INVALID_REQUEST)
    expect(scene.end({ producerId: 1, producerEpoch: 0 }, 'abort', { id: '' }).errorCode).toBe(ERROR_CODES.INVALID_REQUEST)
    expect(scene.log).toEqual([])
  })

  it('refuses one id too many, until one is forgotten', () => {
    const scene = new TransactionScene(SECOND_PROTOCOL, { maxIds: 2 })
    scene.init(undefined, { id: 'a' })
    scene.init(undefined, { id: 'b' })
    expect(scene.init(undefined, { id: 'c' }).errorCode).toBe(ERROR_CODES.POLICY_VIOLATION)
    expect(scene.init(undefined, { id: 'a' }).errorCode).toBe(NONE)
    scene.pass(scene.settings.idExpirationMs + scene.settings.removeExpiredIntervalMs)
    expect(scene.init(undefined, { id: 'c' }).errorCode).toBe(NONE)
  })

  it('refuses partitions that would not fit a record, and the producer can abort', () => {
    const scene = new TransactionScene()
    const producer = scene.init()
    const topics = Array.from({ length: Math.floor(RECORD_BYTES_MAX / 252) }, (_, index) => ({
      topic: `${index}`.padEnd(240, '.'),
      partitions: [0],
    }))
    expect(scene.add(producer, topics)).toBe(NONE)
    expect(scene.add(producer, [{ topic: 'one-more'.padEnd(240, '.'), partitions: [0] }])).toBe(ERROR_CODES.TRANSACTION_ABORTABLE)
    expect(scene.log.at(-1)?.value?.length).toBeLessThan(512 * 1_024)
    expect(scene.end(producer, 'abort').errorCode).toBe(NONE)
  })
})
