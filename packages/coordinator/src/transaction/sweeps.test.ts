/** What time does to transactions, many at once included, and what an unusual log is made of. */
import { describe, expect, it } from 'vitest'
import { ID, ORDERS, SECOND_PROTOCOL, TransactionScene } from '../testing/transaction-scene.ts'
import { encodeTransactionRecord } from '../records/transaction-record.ts'
import type { Transaction, TransactionState } from './state.ts'

const DAY_MS = 86_400_000

describe('ids that nobody uses', () => {
  it('are forgotten after a week, and not while a transaction is open', () => {
    const scene = new TransactionScene()
    const idle = scene.init(undefined, { id: 'idle' })
    const busy = scene.init(undefined, { id: 'busy', timeoutMs: 900_000 })
    scene.pass(6 * DAY_MS)
    expect(scene.ids).toEqual(['idle', 'busy'])
    scene.add(busy, ORDERS, { id: 'busy' })
    scene.pass(DAY_MS + 3_600_000)
    expect(scene.ids).toEqual(['busy'])
    expect(scene.log.at(-1)?.value).toBeNull()
    expect(scene.init(idle, { id: 'idle' })).toMatchObject({ producerId: 3, producerEpoch: 0 })
    scene.restart()
    expect(scene.ids).toEqual(['busy', 'idle'])
  })

  it('are forgotten in batches that the log takes, one after the other', () => {
    const scene = new TransactionScene()
    const name = (index: number): string => `${'x'.repeat(1_000)}-${index}`
    for (let index = 0; index < 400; index++) scene.init(undefined, { id: name(index) })
    const written = scene.log.length
    scene.pass(7 * DAY_MS + 3_600_000)
    expect(scene.ids).toEqual([])
    expect(scene.log.length).toBe(written + 400)
    expect(scene.largestAppendBytes).toBeLessThan(512 * 1_024)
    expect(scene.largestAppend).toBeLessThan(400)
    expect(scene.largestAppend).toBeGreaterThan(100)
  })
})

it('a transaction may take as long as its producer said, to the millisecond', () => {
  const scene = new TransactionScene()
  scene.add(scene.init(undefined, { timeoutMs: scene.settings.abortTimedOutIntervalMs }))
  scene.pass(scene.settings.abortTimedOutIntervalMs)
  expect(scene.transaction()?.state).toBe('Ongoing')
  scene.pass(scene.settings.abortTimedOutIntervalMs)
  expect(scene.transaction()?.state).toBe('PrepareAbort')
})

it('transactions that take too long are aborted in batches that the log takes, all of them at once', () => {
  const scene = new TransactionScene(SECOND_PROTOCOL, {})
  const wide = Array.from({ length: 500 }, (_, index) => ({ topic: `${index}`.padEnd(240, '.'), partitions: [0] }))
  for (let index = 0; index < 10; index++) {
    const id = `wide-${index}`
    scene.add(scene.init(undefined, { id, timeoutMs: 1_000 }), wide, { id })
  }
  scene.pass(11_000)
  expect(scene.markers).toHaveLength(10)
  expect(new Set(scene.markers.map(({ result }) => result))).toEqual(new Set(['abort']))
  expect(scene.largestAppendBytes).toBeLessThan(600 * 1_024)
})

describe('a log that this coordinator would not have written', () => {
  const found = (state: TransactionState, more: Partial<Transaction> = {}): Transaction => ({
    producerId: 70,
    producerEpoch: 6,
    previousProducerId: 70,
    nextProducerId: -1,
    timeoutMs: 60_000,
    state,
    partitions: ORDERS,
    startMs: 990_000,
    updateMs: 990_000,
    transactionVersion: 2,
    ...more,
  })

  it('a producer being shut out is aborted in the epoch that the log names', () => {
    const scene = new TransactionScene(SECOND_PROTOCOL, {}, found('PrepareEpochFence'))
    scene.pass(0)
    expect(scene.markers).toMatchObject([{ result: 'abort', producerEpoch: 6, topics: ORDERS }])
    scene.answerMarkers()
    expect(scene.transaction()).toMatchObject({ state: 'CompleteAbort', producerEpoch: 6 })
  })

  it.each([
    ['PrepareCommit', 'CompleteCommit'],
    ['PrepareAbort', 'CompleteAbort'],
  ] as const)('%s without partitions is complete', (state, complete) => {
    const scene = new TransactionScene(SECOND_PROTOCOL, {}, found(state, { partitions: [] }))
    scene.pass(0)
    expect(scene.transaction()).toMatchObject({ state: complete, producerEpoch: 6 })
    expect(scene.markers).toEqual([])
  })

  it('an id being forgotten is forgotten', () => {
    const scene = new TransactionScene(SECOND_PROTOCOL)
    scene.init()
    scene.log.push(encodeTransactionRecord({ type: 'transaction', transactionalId: ID, transaction: found('Dead', { partitions: [] }) }))
    scene.restart()
    expect(scene.init()).toMatchObject({ producerId: 2, producerEpoch: 0 })
  })
})
