/** What people see of transactions. */
import { ERROR_CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { ORDERS, TransactionScene } from '../testing/transaction-scene.ts'
import type { ListTransactionsRequest } from './events.ts'

let scene: TransactionScene

beforeEach(() => {
  scene = new TransactionScene()
  for (const id of ['shop-a', 'shop-b', 'bank']) scene.init(undefined, { id })
  scene.add({ producerId: 1, producerEpoch: 0 }, ORDERS, { id: 'shop-a' })
  scene.pass(5_000)
  scene.add({ producerId: 2, producerEpoch: 0 }, ORDERS, { id: 'shop-b' })
  scene.pass(1_000)
})

function list(filters: Partial<ListTransactionsRequest>): unknown {
  const everything = { stateFilters: [], producerIdFilters: [], durationMs: -1 }
  const { errorCode, transactionStates, unknownStateFilters } = scene.ask({ api: 'ListTransactions', ...everything, ...filters }, 2)
  expect(errorCode).toBe(ERROR_CODES.NONE)
  const ids = transactionStates.map(({ transactionalId }) => transactionalId)
  return unknownStateFilters.length === 0 ? ids : { ids, unknownStateFilters }
}

describe('a list of transactions', () => {
  it.each<[string, Partial<ListTransactionsRequest>, unknown]>([
    ['everything', {}, ['shop-a', 'shop-b', 'bank']],
    ['a state', { stateFilters: ['Ongoing'] }, ['shop-a', 'shop-b']],
    ['several states', { stateFilters: ['Ongoing', 'Empty'] }, ['shop-a', 'shop-b', 'bank']],
    ['a state that nobody is in', { stateFilters: ['PrepareCommit'] }, []],
    ['a state that does not exist', { stateFilters: ['Ongoing', 'Gone'] }, { ids: ['shop-a', 'shop-b'], unknownStateFilters: ['Gone'] }],
    ['only states that do not exist', { stateFilters: ['ongoing'] }, { ids: [], unknownStateFilters: ['ongoing'] }],
    ['producer ids', { producerIdFilters: [2, 3, 99] }, ['shop-b', 'bank']],
    ['a duration', { stateFilters: ['Ongoing'], durationMs: 5_999 }, ['shop-a']],
    ['a duration to the millisecond', { stateFilters: ['Ongoing'], durationMs: 6_000 }, []],
    ['a duration, of ids without a transaction too', { durationMs: 6_000 }, ['bank']],
  ])('can be asked for by %s', (_, filters, expected) => {
    expect(list(filters)).toEqual(expected)
  })
})

describe('a description', () => {
  it('says how far a transaction is, and where it wrote', () => {
    const { transactionStates } = scene.ask({ api: 'DescribeTransactions', transactionalIds: ['shop-a', 'bank', 'nobody', ''] }, 0)
    expect(transactionStates).toMatchObject([
      {
        errorCode: ERROR_CODES.NONE,
        transactionalId: 'shop-a',
        transactionState: 'Ongoing',
        transactionTimeoutMs: 60_000,
        transactionStartTimeMs: 1_000_000,
        producerId: 1,
        producerEpoch: 0,
        topics: ORDERS,
      },
      { errorCode: ERROR_CODES.NONE, transactionState: 'Empty', transactionStartTimeMs: -1, topics: [] },
      { errorCode: ERROR_CODES.TRANSACTIONAL_ID_NOT_FOUND, transactionalId: 'nobody', transactionState: '' },
      { errorCode: ERROR_CODES.INVALID_REQUEST },
    ])
  })
})
