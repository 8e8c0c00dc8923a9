/** DescribeTransactions and ListTransactions: what people and their tools see. They change nothing. */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { DescribedTransaction, ListedTransaction, ListTransactionsResponse } from './effects.ts'
import type { ListTransactionsRequest } from './events.ts'
import { TRANSACTION_STATES } from './state.ts'
import type { Transaction } from './state.ts'
import type { Known } from './verdict.ts'

export function describeTransaction(transactionalId: string, transaction: Transaction | null): DescribedTransaction {
  if (transactionalId === '') return undescribed(transactionalId, ERROR_CODES.INVALID_REQUEST)
  if (transaction === null) return undescribed(transactionalId, ERROR_CODES.TRANSACTIONAL_ID_NOT_FOUND)
  return {
    errorCode: ERROR_CODES.NONE,
    transactionalId,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    topics: transaction.partitions,
  }
}

export function undescribed(transactionalId: string, errorCode: ErrorCode): DescribedTransaction {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  }
}

/** By all filters but the expression, which whoever asks several coordinators matches for all of their ids together. */
export function listTransactions(
  all: Iterable<[transactionalId: string, known: Known]>,
  request: ListTransactionsRequest,
  nowMs: number,
): ListTransactionsResponse {
  const transactionStates: ListedTransaction[] = []
  for (const [transactionalId, { transaction }] of all) {
    if (!isWanted(transaction, request, nowMs)) continue
    transactionStates.push({ transactionalId, producerId: transaction.producerId, transactionState: transaction.state })
  }
  return {
    api: 'ListTransactions',
    errorCode: ERROR_CODES.NONE,
    unknownStateFilters: unknownStates(request.stateFilters),
    transactionStates,
  }
}

function isWanted(
  transaction: Transaction,
  { stateFilters, producerIdFilters, durationMs }: ListTransactionsRequest,
  nowMs: number,
): boolean {
  if (stateFilters.length > 0 && !stateFilters.includes(transaction.state)) return false
  if (producerIdFilters.length > 0 && !producerIdFilters.includes(transaction.producerId)) return false
  // As in Apache Kafka, an id that never had a transaction counts as one that has run for ever: combine this with a state.
  return durationMs < 0 || nowMs - transaction.startMs > durationMs
}

function unknownStates(names: readonly string[]): readonly string[] {
  const known: readonly string[] = TRANSACTION_STATES
  return names.filter((name) => !known.includes(name))
}
