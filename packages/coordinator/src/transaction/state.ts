/**
 * What is remembered of a transactional id: its producer, and the transaction that is open, being ended, or was the last.
 *
 * A `Transaction` is exactly what a record of `__transaction_state` says, so that replaying a record is replacing the value. It is
 * never changed in place.
 *
 *     Empty, CompleteCommit, CompleteAbort -> Ongoing          a partition is added
 *     Ongoing -> PrepareCommit, PrepareAbort                   the producer ends it; or it takes too long, or another producer came
 *     PrepareCommit -> CompleteCommit                          its markers are written
 *     PrepareAbort -> CompleteAbort
 *     Empty, CompleteCommit, CompleteAbort -> Empty            a producer with this id begins
 *     Empty, CompleteCommit, CompleteAbort -> gone             nobody has used the id for long
 */
export const TRANSACTION_STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const

/**
 * In the order of Kafka's numbers, by the names that its tools print. `Dead` (an id being forgotten) and `PrepareEpochFence` (a producer
 * being shut out) are moments that no log shows: here each is one step with what follows it.
 */
export type TransactionState = (typeof TRANSACTION_STATES)[number]

export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export interface ProducerIdAndEpoch {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface Transaction extends ProducerIdAndEpoch {
  /** Invariant (T1): a later value has the same id and no lower epoch, or an id that was never here before. */
  readonly producerId: number
  /**
   * From 0 to 32,767. A producer never has the last one, so that it can always be shut out by a higher.
   * A transaction that is being ended in the second protocol (KIP-890) has the epoch that its producer will have next.
   */
  readonly producerEpoch: number
  /** The producer's id before this value was written; -1 where the log does not say. */
  readonly previousProducerId: number
  /** The id that the producer goes on with, from epoch 0; -1 for the same. Invariant (T5): only while a transaction is being ended. */
  readonly nextProducerId: number
  readonly timeoutMs: number
  readonly state: TransactionState
  /** What the transaction wrote to. Invariant (T4): none in Empty, CompleteCommit and CompleteAbort. */
  readonly partitions: readonly TopicPartitions[]
  /** When its first partition was added, in wall-clock time; -1 before the first transaction. */
  readonly startMs: number
  /** When this value was written. */
  readonly updateMs: number
  /** The protocol in which the transaction was last moved on: 2 raises the epoch with every end (KIP-890), 0 does not. */
  readonly transactionVersion: number
}

export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_TIME = -1

/** The last epoch of a producer id is for shutting its producer out. */
export const PRODUCER_EPOCH_MAX = 32_767

/** From here on the next epoch would be the last one, and the producer goes on with another id instead. */
export function isExhausted(producerEpoch: number): boolean {
  return producerEpoch >= PRODUCER_EPOCH_MAX - 1
}

/** The transaction protocol that raises the epoch with every end. */
export const EPOCH_BUMPING_VERSION = 2

export function bumpsEpochs(transactionVersion: number): boolean {
  return transactionVersion >= EPOCH_BUMPING_VERSION
}

/** How it ends has been decided, and its partitions are being told. */
export function isEnding({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort' || state === 'PrepareEpochFence'
}

/** Nothing is open, and a producer may begin. */
export function isIdle({ state }: Transaction): boolean {
  return state === 'Empty' || state === 'CompleteCommit' || state === 'CompleteAbort'
}
