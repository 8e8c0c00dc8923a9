/**
 * What a producer is told when the coordinator of its transaction does not confirm a batch. The coordinator's own words are none that a
 * producer expects in answer to Produce, and the younger ones are none that an older producer knows.
 */
import { ERROR_CODES, type ErrorCode, errorName } from '@millrace/protocol'
import type { BatchProblem } from './batch-validator.ts'

/** From this version on a producer can be told to abort and go on. */
const FIRST_ABORTABLE_VERSION = 11
/** From this version on a batch adds its partition to the transaction. */
export const FIRST_ADDING_VERSION = 12

export function transactionProblem(answer: ErrorCode, produceVersion: number): BatchProblem {
  const errorCode = translated(answer, produceVersion)
  const message = `the partition is not known to be in the transaction: its coordinator answers ${errorName(answer)}`
  return { errorCode, message, recordErrors: [] }
}

function translated(answer: ErrorCode, produceVersion: number): ErrorCode {
  switch (answer) {
    case ERROR_CODES.PRODUCER_FENCED:
      return ERROR_CODES.INVALID_PRODUCER_EPOCH
    case ERROR_CODES.TRANSACTION_ABORTABLE:
      return produceVersion >= FIRST_ABORTABLE_VERSION ? answer : ERROR_CODES.INVALID_TXN_STATE
    case ERROR_CODES.CONCURRENT_TRANSACTIONS:
      return produceVersion >= FIRST_ADDING_VERSION ? answer : ERROR_CODES.NOT_ENOUGH_REPLICAS
    // The coordinator may be reached next time. Of what producers retry, this does not make them ask for the metadata first.
    case ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS:
    case ERROR_CODES.COORDINATOR_NOT_AVAILABLE:
    case ERROR_CODES.NOT_COORDINATOR:
    case ERROR_CODES.NETWORK_EXCEPTION:
      return ERROR_CODES.NOT_ENOUGH_REPLICAS
    default:
      return answer
  }
}
