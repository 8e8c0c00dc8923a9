/**
 * InitProducerId with a transactional id: a producer begins, and whoever had the id before is shut out.
 *
 * It gets the next epoch of the id's producer; a fresh producer id when the epochs are used up. A transaction that is still open is
 * aborted first, and the producer asks again (CONCURRENT_TRANSACTIONS). An operator who ends a hanging transaction asks for the same.
 *
 * A producer that names the id and epoch it has goes on with the next epoch (KIP-360), provided that nobody began since. If it names
 * the epoch before, its answer was lost, and it gets the same again. Unlike Apache Kafka, this is asked before a transaction is
 * aborted too: a producer that was shut out long ago cannot end its successor's transaction.
 */
import { ERROR_CODES } from '@millrace/protocol'
import { begun, fenced } from './changes.ts'
import type { InitProducerIdRequest } from './events.ts'
import { ID_CHARACTERS_MAX } from './settings.ts'
import type { TransactionSettings } from './settings.ts'
import { isEnding, isExhausted, isIdle, NO_PRODUCER_EPOCH, NO_PRODUCER_ID } from './state.ts'
import type { ProducerIdAndEpoch, Transaction } from './state.ts'
import { refused } from './verdict.ts'
import type { Change, Known, Surroundings, Verdict } from './verdict.ts'

/** `idCount`: how many ids the coordinator knows. */
export function initProducerId(
  known: Known | null,
  request: InitProducerIdRequest,
  settings: TransactionSettings,
  idCount: number,
  surroundings: Surroundings,
): Verdict {
  const { transactionalId, producerId, producerEpoch, timeoutMs } = request
  if (transactionalId === '' || transactionalId.length > ID_CHARACTERS_MAX) return refused(ERROR_CODES.INVALID_REQUEST)
  if ((producerId === NO_PRODUCER_ID) !== (producerEpoch === NO_PRODUCER_EPOCH)) return refused(ERROR_CODES.INVALID_REQUEST)
  if (timeoutMs <= 0 || timeoutMs > settings.maxTimeoutMs) return refused(ERROR_CODES.INVALID_TRANSACTION_TIMEOUT)
  if (known === null) {
    return idCount >= settings.maxIds ? refused(ERROR_CODES.POLICY_VIOLATION) : withFreshId(null, timeoutMs, surroundings)
  }
  const { transaction } = known
  if (isEnding(transaction)) return refused(ERROR_CODES.CONCURRENT_TRANSACTIONS)
  const expected = producerId === NO_PRODUCER_ID ? null : { producerId, producerEpoch }
  if (expected !== null && !isHeldBy(transaction, expected)) {
    return isIdle(transaction) ? answerAgain(known, expected, timeoutMs, surroundings.nowMs) : refused(ERROR_CODES.PRODUCER_FENCED)
  }
  if (!isIdle(transaction)) return abortFirst(transaction, expected, surroundings)
  return isExhausted(transaction.producerEpoch)
    ? withFreshId(transaction, timeoutMs, surroundings, expected)
    : withNextEpoch(transaction, timeoutMs, surroundings.nowMs, expected)
}

/** The producer asks again until that is done, with what it had. */
function abortFirst(
  transaction: Transaction,
  expected: ProducerIdAndEpoch | null,
  { featureLevel, nowMs, takeProducerId }: Surroundings,
): Verdict {
  const next = fenced(transaction, featureLevel, nowMs, takeProducerId)
  if (next === null) return refused(ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS)
  return { errorCode: ERROR_CODES.CONCURRENT_TRANSACTIONS, change: { next, heldBefore: expected } }
}

function isHeldBy(held: ProducerIdAndEpoch, { producerId, producerEpoch }: ProducerIdAndEpoch): boolean {
  return producerId === held.producerId && producerEpoch === held.producerEpoch
}

function withNextEpoch(transaction: Transaction, timeoutMs: number, nowMs: number, expected: ProducerIdAndEpoch | null): Verdict {
  const { producerId, producerEpoch } = transaction
  const next = begun(transaction, { producerId, producerEpoch: producerEpoch + 1, timeoutMs, nowMs })
  return accepted({ next, heldBefore: expected })
}

function withFreshId(
  transaction: Transaction | null,
  timeoutMs: number,
  surroundings: Surroundings,
  expected: ProducerIdAndEpoch | null = null,
): Verdict {
  const producerId = surroundings.takeProducerId()
  // Retried by every client, as while a coordinator loads.
  if (producerId === null) return refused(ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS)
  const next = begun(transaction, { producerId, producerEpoch: 0, timeoutMs, nowMs: surroundings.nowMs })
  return accepted({ next, heldBefore: expected })
}

/** The producer had its epoch raised, or its id replaced, and did not hear of it. */
function answerAgain({ transaction, heldBefore }: Known, expected: ProducerIdAndEpoch, timeoutMs: number, nowMs: number): Verdict {
  if (heldBefore === null || !isHeldBy(heldBefore, expected)) return refused(ERROR_CODES.PRODUCER_FENCED)
  const { producerId, producerEpoch } = transaction
  return accepted({ next: begun(transaction, { producerId, producerEpoch, timeoutMs, nowMs }), heldBefore })
}

function accepted(change: Change): Verdict {
  return { errorCode: ERROR_CODES.NONE, change }
}
