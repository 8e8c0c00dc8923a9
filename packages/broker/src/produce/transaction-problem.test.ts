import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { transactionProblem } from './transaction-problem.ts'

const E = ERROR_CODES
const VERSIONS = [10, 11, 12, 13]

describe('what a producer is told of an answer of its coordinator', () => {
  it.each<[string, ErrorCode, readonly ErrorCode[]]>([
    ['another producer took over', E.PRODUCER_FENCED, VERSIONS.map(() => E.INVALID_PRODUCER_EPOCH)],
    [
      'the partition is not in the transaction',
      E.TRANSACTION_ABORTABLE,
      [E.INVALID_TXN_STATE, E.TRANSACTION_ABORTABLE, E.TRANSACTION_ABORTABLE, E.TRANSACTION_ABORTABLE],
    ],
    [
      'the last transaction is still being ended',
      E.CONCURRENT_TRANSACTIONS,
      [E.NOT_ENOUGH_REPLICAS, E.NOT_ENOUGH_REPLICAS, E.CONCURRENT_TRANSACTIONS, E.CONCURRENT_TRANSACTIONS],
    ],
    ['it is loading', E.COORDINATOR_LOAD_IN_PROGRESS, VERSIONS.map(() => E.NOT_ENOUGH_REPLICAS)],
    ['it is not there', E.COORDINATOR_NOT_AVAILABLE, VERSIONS.map(() => E.NOT_ENOUGH_REPLICAS)],
    ['it has moved', E.NOT_COORDINATOR, VERSIONS.map(() => E.NOT_ENOUGH_REPLICAS)],
    ['it was not reached', E.NETWORK_EXCEPTION, VERSIONS.map(() => E.NOT_ENOUGH_REPLICAS)],
    ['the id belongs to another producer', E.INVALID_PRODUCER_ID_MAPPING, VERSIONS.map(() => E.INVALID_PRODUCER_ID_MAPPING)],
    ['the transaction cannot take it', E.INVALID_TXN_STATE, VERSIONS.map(() => E.INVALID_TXN_STATE)],
  ])('%s', (_, answer, expected) => {
    expect(VERSIONS.map((version) => transactionProblem(answer, version).errorCode)).toEqual(expected)
  })

  it('names what the coordinator said', () => {
    expect(transactionProblem(E.NOT_COORDINATOR, 12).message).toContain('NOT_COORDINATOR')
  })
})
