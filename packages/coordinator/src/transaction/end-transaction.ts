/**
 * EndTxn: the producer ends its transaction.
 *
 * Up to version 4 the epoch stays, so that a request sent twice is told from the end of the next transaction by the state alone. From
 * version 5 on every end raises it (KIP-890), also an abort of what never began: a producer that does not know whether anything was
 * added aborts to be sure. The epoch before the current one is then a request sent twice.
 *
 *     version 5      abort, sent twice   abort               commit, sent twice   commit
 *     Empty          PRODUCER_FENCED     raises the epoch    PRODUCER_FENCED      INVALID_TXN_STATE
 *     CompleteAbort  the same answer     raises the epoch    INVALID_TXN_STATE    INVALID_TXN_STATE
 *     CompleteCommit INVALID_TXN_STATE   raises the epoch    the same answer      INVALID_TXN_STATE
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import { ended, ending } from './changes.ts'
import type { TransactionResult } from './effects.ts'
import type { EndTxnRequest } from './events.ts'
import { bumpsEpochs, isEnding, isExhausted, NO_PRODUCER_ID, PRODUCER_EPOCH_MAX } from './state.ts'
import type { ProducerIdAndEpoch, Transaction } from './state.ts'
import { refused } from './verdict.ts'
import type { Known, Surroundings, Verdict } from './verdict.ts'

export function endTransaction(
  known: Known | null,
  request: EndTxnRequest,
  transactionVersion: number,
  surroundings: Surroundings,
): Verdict {
  if (request.transactionalId === '') return refused(ERROR_CODES.INVALID_REQUEST)
  if (known === null) return refused(ERROR_CODES.INVALID_PRODUCER_ID_MAPPING)
  return bumpsEpochs(transactionVersion)
    ? endRaisingEpoch(known, request, transactionVersion, surroundings)
    : endKeepingEpoch(known, request, surroundings.nowMs)
}

function endKeepingEpoch({ transaction, heldBefore }: Known, request: EndTxnRequest, nowMs: number): Verdict {
  const { state } = transaction
  if (request.producerId !== transaction.producerId) return refused(ERROR_CODES.INVALID_PRODUCER_ID_MAPPING)
  if (request.producerEpoch !== transaction.producerEpoch) return refused(ERROR_CODES.PRODUCER_FENCED)
  if (isEnding(transaction)) return refused(ERROR_CODES.CONCURRENT_TRANSACTIONS)
  if (state !== 'Ongoing') return refused(state === completeState(request) ? ERROR_CODES.NONE : ERROR_CODES.INVALID_TXN_STATE)
  const end = { result: resultOf(request), raisesEpoch: false, transactionVersion: 0, nextProducerId: NO_PRODUCER_ID, nowMs }
  return { errorCode: ERROR_CODES.NONE, change: { next: ending(transaction, end), heldBefore } }
}

function endRaisingEpoch(
  { transaction }: Known,
  request: EndTxnRequest,
  transactionVersion: number,
  { nowMs, takeProducerId }: Surroundings,
): Verdict {
  // Before anything else: the producer may use an id already that is the current one only when the end is complete.
  if (isEnding(transaction)) return refused(ERROR_CODES.CONCURRENT_TRANSACTIONS)
  const isRepeated = isSentTwice(transaction, request)
  if (request.producerId !== transaction.producerId && !isRepeated) return refused(ERROR_CODES.INVALID_PRODUCER_ID_MAPPING)
  const { producerEpoch, state } = transaction
  if (isRepeated) return refused(codeOfRepeated(transaction, request))
  if (request.producerEpoch !== producerEpoch) return refused(ERROR_CODES.PRODUCER_FENCED)
  if (state !== 'Ongoing' && request.committed) return refused(ERROR_CODES.INVALID_TXN_STATE)
  const nextProducerId = isExhausted(producerEpoch) ? takeProducerId() : NO_PRODUCER_ID
  if (nextProducerId === null) return refused(ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS)
  const end = { result: resultOf(request), raisesEpoch: true, transactionVersion, nextProducerId, nowMs }
  return {
    errorCode: ERROR_CODES.NONE,
    change: { next: ending(transaction, end), heldBefore: { producerId: transaction.producerId, producerEpoch } },
  }
}

/**
 * The request names the epoch before the current one, over a change of the producer id too. Only an end of the second protocol counts: in
 * the first, the epoch before is that of a producer which was shut out.
 */
function isSentTwice(transaction: Transaction, { producerId, producerEpoch }: EndTxnRequest): boolean {
  if (!bumpsEpochs(transaction.transactionVersion)) return false
  if (producerId === transaction.producerId) return producerEpoch === transaction.producerEpoch - 1
  return producerId === transaction.previousProducerId && producerEpoch === PRODUCER_EPOCH_MAX - 1 && transaction.producerEpoch === 0
}

function codeOfRepeated({ state }: Transaction, request: EndTxnRequest): ErrorCode {
  // Another producer began since, or this one has the id of another end and records of its own.
  if (state === 'Empty' || state === 'Ongoing') return ERROR_CODES.PRODUCER_FENCED
  return state === completeState(request) ? ERROR_CODES.NONE : ERROR_CODES.INVALID_TXN_STATE
}

function completeState({ committed }: EndTxnRequest): 'CompleteCommit' | 'CompleteAbort' {
  return committed ? 'CompleteCommit' : 'CompleteAbort'
}

function resultOf({ committed }: EndTxnRequest): TransactionResult {
  return committed ? 'commit' : 'abort'
}

/** The id and epoch that the producer has once the transaction is complete. */
export function producerAfter(transaction: Transaction): ProducerIdAndEpoch {
  const { producerId, producerEpoch } = isEnding(transaction) ? ended(transaction, transaction.updateMs) : transaction
  return { producerId, producerEpoch }
}
