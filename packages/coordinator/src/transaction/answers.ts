/** Answers that hold a code alone. Which codes an answer can carry depends on its version. */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import { eachPartition } from './add-partitions.ts'
import { undescribed } from './describe-transactions.ts'
import type { TransactionResponse } from './effects.ts'
import type { TransactionRequest } from './events.ts'
import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID } from './state.ts'

/** The first version whose clients know PRODUCER_FENCED. */
const KNOWS_PRODUCER_FENCED: Readonly<Record<string, number>> = {
  InitProducerId: 4,
  AddPartitionsToTxn: 2,
  AddOffsetsToTxn: 2,
  EndTxn: 2,
}

/**
 * The answer that holds nothing but a code, as `apiVersion` can carry it. Also for requests that no coordinator could decide about,
 * because it is elsewhere, is loading, or has lost its place.
 */
export function answerWithCode(request: TransactionRequest, apiVersion: number, code: ErrorCode): TransactionResponse {
  const errorCode = forVersion(request.api, apiVersion, code)
  switch (request.api) {
    case 'InitProducerId':
    case 'EndTxn':
      return { api: request.api, errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_PRODUCER_EPOCH }
    case 'AddPartitionsToTxn':
      return { api: request.api, topicResults: eachPartition(request.topics, () => errorCode) }
    case 'AddOffsetsToTxn':
      return { api: request.api, errorCode }
    case 'DescribeTransactions':
      return { api: request.api, transactionStates: request.transactionalIds.map((id) => undescribed(id, errorCode)) }
    case 'ListTransactions':
      return { api: request.api, errorCode, unknownStateFilters: [], transactionStates: [] }
  }
}

function forVersion(api: TransactionRequest['api'], apiVersion: number, code: ErrorCode): ErrorCode {
  const isTooYoung = code === ERROR_CODES.PRODUCER_FENCED && apiVersion < (KNOWS_PRODUCER_FENCED[api] ?? 0)
  return isTooYoung ? ERROR_CODES.INVALID_PRODUCER_EPOCH : code
}
