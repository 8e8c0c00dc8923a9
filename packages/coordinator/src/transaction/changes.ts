/** The ways in which a transaction moves on. Each gives the value that is written; none asks whether it may. */
import type { TransactionResult } from './effects.ts'
import { bumpsEpochs, isExhausted, isIdle, NO_PRODUCER_ID, NO_TIME, PRODUCER_EPOCH_MAX } from './state.ts'
import type { TopicPartitions, Transaction } from './state.ts'

/** A producer begins, or goes on with another epoch or id. `current` is null for an id that was unknown. */
export function begun(
  current: Transaction | null,
  begins: { readonly producerId: number; readonly producerEpoch: number; readonly timeoutMs: number; readonly nowMs: number },
): Transaction {
  return {
    producerId: begins.producerId,
    producerEpoch: begins.producerEpoch,
    previousProducerId: current?.producerId ?? begins.producerId,
    nextProducerId: NO_PRODUCER_ID,
    timeoutMs: begins.timeoutMs,
    state: 'Empty',
    partitions: [],
    startMs: NO_TIME,
    updateMs: begins.nowMs,
    transactionVersion: current?.transactionVersion ?? 0,
  }
}

export function extended(
  current: Transaction,
  partitions: readonly TopicPartitions[],
  transactionVersion: number,
  nowMs: number,
): Transaction {
  return {
    ...current,
    previousProducerId: current.producerId,
    state: 'Ongoing',
    partitions,
    startMs: isIdle(current) ? nowMs : current.startMs,
    updateMs: nowMs,
    transactionVersion,
  }
}

/** The second protocol raises the epoch with every end; so does who shuts a producer out, in either. */
export interface Ending {
  readonly result: TransactionResult
  readonly raisesEpoch: boolean
  readonly transactionVersion: number
  /** -1: the producer keeps its id. */
  readonly nextProducerId: number
  readonly nowMs: number
}

/** How the transaction ends is decided. One that wrote nowhere has nobody to tell, and has ended with that. */
export function ending(current: Transaction, end: Ending): Transaction {
  const { producerEpoch } = current
  const decided: Transaction = {
    ...current,
    producerEpoch: end.raisesEpoch ? Math.min(producerEpoch + 1, PRODUCER_EPOCH_MAX) : producerEpoch,
    previousProducerId: current.producerId,
    nextProducerId: end.nextProducerId,
    state: end.result === 'commit' ? 'PrepareCommit' : 'PrepareAbort',
    startMs: isIdle(current) ? end.nowMs : current.startMs,
    updateMs: end.nowMs,
    transactionVersion: end.transactionVersion,
  }
  return decided.partitions.length === 0 ? ended(decided, end.nowMs) : decided
}

/** Every partition knows how it ended. */
export function ended(decided: Transaction, nowMs: number): Transaction {
  const goesOnWithAnotherId = decided.nextProducerId !== NO_PRODUCER_ID
  return {
    ...decided,
    producerId: goesOnWithAnotherId ? decided.nextProducerId : decided.producerId,
    producerEpoch: goesOnWithAnotherId ? 0 : decided.producerEpoch,
    previousProducerId: decided.producerId,
    nextProducerId: NO_PRODUCER_ID,
    state: decided.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    partitions: [],
    updateMs: nowMs,
  }
}

/**
 * Shuts the producer out: its transaction is aborted in an epoch that it does not have. Null when a producer id is needed for that and
 * none is at hand.
 */
export function fenced(current: Transaction, featureLevel: number, nowMs: number, takeProducerId: () => number | null): Transaction | null {
  const transactionVersion = bumpsEpochs(featureLevel) ? featureLevel : 0
  const nextProducerId = bumpsEpochs(featureLevel) && isExhausted(current.producerEpoch) ? takeProducerId() : NO_PRODUCER_ID
  if (nextProducerId === null) return null
  return ending(current, { result: 'abort', raisesEpoch: true, transactionVersion, nextProducerId, nowMs })
}

/** A step on the way that a log may show, though this coordinator never writes it. */
export function fencedInLog(current: Transaction, nowMs: number): Transaction {
  const { transactionVersion, nextProducerId } = current
  return ending(current, { result: 'abort', raisesEpoch: false, transactionVersion, nextProducerId, nowMs })
}
