/**
 * Whether a producer may append a batch or a marker now: the sequence and epoch rules of idempotent and transactional
 * producers. Pure; an answer of null means yes. Only the leader asks: a follower takes what its leader took.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import {
  type DataBatch,
  hasTransaction,
  lastSequence,
  NO_OFFSET,
  NO_PRODUCER_EPOCH,
  type ProducerEntry,
  type TransactionMarker,
} from './producer-entry.ts'
import { follows, NO_SEQUENCE } from './sequence.ts'
import type { TransactionVerification } from './transaction-verifications.ts'

export interface Refusal {
  readonly errorCode: ErrorCode
  readonly message: string
}

/** Version of the transaction protocol that the producer uses; from 2 on every transaction has an epoch of its own. */
export type TransactionVersion = 0 | 1 | 2

/** Of a batch that would begin a transaction. Null: nobody confirmed that it may, or not any more. */
export type Confirmation = Pick<TransactionVerification, 'lowestSequence'> | null | 'not-asked-for'

/** What of a batch the rules are about. */
type CheckedBatch = Omit<DataBatch, 'baseOffset' | 'lastOffset' | 'maxTimestamp'>

export function checkDataBatch(
  entry: ProducerEntry,
  batch: CheckedBatch,
  transactionVersion: TransactionVersion,
  confirmation: Confirmation = 'not-asked-for',
): Refusal | null {
  const { producerId, producerEpoch, firstSequence } = batch
  // Before all else, for it is what a producer that was fenced has to be told (KAFKA-19690).
  if (producerEpoch < entry.producerEpoch) {
    return staleEpoch(producerId, producerEpoch, entry.producerEpoch)
  }
  if (confirmation === null && batch.isTransactional && !hasTransaction(entry, producerEpoch)) {
    const message = `the batch of producer ${producerId} is not part of a transaction that is under way`
    return { errorCode: ERROR_CODES.INVALID_TXN_STATE, message }
  }
  const disorder = firstSequence === NO_SEQUENCE ? null : checkSequence(entry, batch, transactionVersion, confirmation)
  if (disorder !== null) return disorder
  if (entry.currentTxnFirstOffset !== NO_OFFSET && !batch.isTransactional) {
    const message = `producer ${producerId} has a transaction under way and sent a batch outside of it`
    return { errorCode: ERROR_CODES.INVALID_TXN_STATE, message }
  }
  return null
}

function checkSequence(
  entry: ProducerEntry,
  { producerId, producerEpoch, firstSequence }: CheckedBatch,
  transactionVersion: TransactionVersion,
  confirmation: Confirmation,
): Refusal | null {
  // Where an unknown producer may start anywhere, that must not be at its second batch because the first waits for its confirmation.
  if (typeof confirmation === 'object' && confirmation !== null && firstSequence > confirmation.lowestSequence) {
    return outOfOrder(`producer ${producerId} sent sequence ${firstSequence} before ${confirmation.lowestSequence} was appended`)
  }
  const isUnknown = entry.producerEpoch === NO_PRODUCER_EPOCH
  if (isUnknown && transactionVersion >= 2 && firstSequence !== 0) {
    return outOfOrder(`producer ${producerId} is unknown here and begins at sequence ${firstSequence} instead of 0`)
  }
  if (!isUnknown && producerEpoch !== entry.producerEpoch && firstSequence !== 0) {
    return outOfOrder(`producer ${producerId} begins epoch ${producerEpoch} at sequence ${firstSequence} instead of 0`)
  }
  if (!isUnknown && producerEpoch === entry.producerEpoch && !follows(lastSequence(entry), firstSequence)) {
    return outOfOrder(`producer ${producerId} sent sequence ${firstSequence} after ${lastSequence(entry)}`)
  }
  return null
}

export function checkMarker(entry: ProducerEntry, marker: TransactionMarker, transactionVersion: TransactionVersion): Refusal | null {
  const { producerId, producerEpoch, coordinatorEpoch } = marker
  if (producerEpoch < entry.producerEpoch) return staleEpoch(producerId, producerEpoch, entry.producerEpoch)
  // Since version 2 a marker begins the next epoch, so one of the current epoch can only be a retry after the transaction's end.
  if (transactionVersion >= 2 && producerEpoch === entry.producerEpoch && entry.currentTxnFirstOffset !== NO_OFFSET) {
    const message = `the marker for producer ${producerId} has the epoch ${producerEpoch} of the transaction instead of a later one`
    return { errorCode: ERROR_CODES.INVALID_PRODUCER_EPOCH, message }
  }
  if (coordinatorEpoch < entry.coordinatorEpoch) {
    const message = `the marker comes from coordinator epoch ${coordinatorEpoch}, the last one came from ${entry.coordinatorEpoch}`
    return { errorCode: ERROR_CODES.TRANSACTION_COORDINATOR_FENCED, message }
  }
  return null
}

function staleEpoch(producerId: number, producerEpoch: number, current: number): Refusal {
  const message = `producer ${producerId} has epoch ${producerEpoch}, its current one is ${current}`
  return { errorCode: ERROR_CODES.INVALID_PRODUCER_EPOCH, message }
}

function outOfOrder(message: string): Refusal {
  return { errorCode: ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER, message }
}
