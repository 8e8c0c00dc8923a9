/**
 * Writes transaction markers to partitions that this broker leads: the end of a transaction, as its coordinator decided it. A marker is
 * answered when it is committed, since the coordinator forgets the transaction's partitions on the strength of that answer.
 *
 * To a partition that keeps the offsets of groups it goes through the coordinator there, which has to know as well.
 */
import type { AppendOutcome, PartitionLog, TransactionVersion } from '@millrace/log'
import { buildMarker, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Clock, Logger } from '@millrace/runtime'
import type { EndedTransaction } from '../coordinator/coordinator-host.ts'
import type { AcknowledgementWaiter } from '../partition/acknowledgement-queue.ts'
import type { AppendTurn } from '../partition/append-turn.ts'
import type { Partition } from '../partition/partition.ts'
import type { PartitionManager } from '../partition/partition-manager.ts'
import { takesTransactions } from './existing-partitions.ts'

export type { EndedTransaction } from '../coordinator/coordinator-host.ts'

export interface MarkerWriterOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly crc32c: (bytes: Uint8Array) => number
  readonly partitions: PartitionManager
  readonly turn: AppendTurn
  /** The topic whose partitions have coordinators of their own, and the way to them. Never rejects. */
  readonly offsetsTopic: string
  endOffsets(partition: number, ended: EndedTransaction): Promise<ErrorCode>
  errorCodeOf(error: unknown): ErrorCode
}

/**
 * After which a marker that is not committed yet is given up: its coordinator writes it again. Short, for the answers to markers of other
 * transactions wait behind it on the same connection.
 */
const COMMIT_TIMEOUT_MS = 3_000

export class MarkerWriter {
  readonly #options: MarkerWriterOptions
  #isCommitPlanned = false

  constructor(options: MarkerWriterOptions) {
    this.#options = options
  }

  /** NONE when the marker is committed; else why it is not, or is not known to be. Never rejects. */
  write(ended: EndedTransaction, topic: string, index: number): Promise<ErrorCode> {
    if (topic === this.#options.offsetsTopic) return this.#options.endOffsets(index, ended).then(asPartition)
    if (!takesTransactions(topic)) return Promise.resolve(ERROR_CODES.INVALID_TOPIC_EXCEPTION)
    const partition = this.#options.partitions.find(topic, index)
    if (typeof partition === 'number') return Promise.resolve(partition)
    // What can be done at once is done in the turn in which it came.
    if (partition.log !== null) return this.#append(partition, partition.log, ended)
    return partition.open().then(
      (log) => this.#append(partition, log, ended),
      (error: unknown) => this.#failed(partition, error),
    )
  }

  #append(partition: Partition, log: PartitionLog, ended: EndedTransaction): Promise<ErrorCode> {
    if (!partition.isLeader || partition.log !== log) return Promise.resolve(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    if (!partition.hasEnoughInSyncReplicas) return Promise.resolve(ERROR_CODES.NOT_ENOUGH_REPLICAS)
    const { clock, crc32c, turn } = this.#options
    const { result, transactionVersion, ...origin } = ended
    const marker = buildMarker({ type: result, ...origin, timestamp: clock.now(), crc32c })
    return new Promise((resolve) => {
      let outcome: AppendOutcome
      const onAppended = (errorCode: ErrorCode): void => {
        if (errorCode === ERROR_CODES.NONE && outcome.type === 'staged') this.#awaitCommit(partition, outcome.lastOffset + 1, resolve)
        else resolve(errorCode)
      }
      try {
        outcome = partition.stage(marker, onAppended, { origin: 'internal', transactionVersion })
      } catch (error) {
        return resolve(this.#failed(partition, error))
      }
      if (outcome.type === 'refused') return resolve(this.#refused(partition, ended, outcome))
      turn.touch(partition)
      this.#planCommit()
    })
  }

  #awaitCommit(partition: Partition, requiredOffset: number, resolve: (errorCode: ErrorCode) => void): void {
    const waiter: AcknowledgementWaiter = {
      requiredOffset,
      onOutcome: (errorCode) => {
        timer.cancel()
        resolve(errorCode)
      },
    }
    const timer = this.#options.clock.setTimer(COMMIT_TIMEOUT_MS, () => {
      partition.cancelAcknowledgement(waiter)
      resolve(ERROR_CODES.REQUEST_TIMED_OUT)
    })
    partition.whenAcknowledged(waiter)
  }

  /** Within a connection's turn the appends are written at its end; this is for all other occasions. */
  #planCommit(): void {
    if (this.#isCommitPlanned) return
    this.#isCommitPlanned = true
    this.#options.clock.defer(() => {
      this.#isCommitPlanned = false
      this.#options.turn.commit()
    })
  }

  #refused(
    { topic, index }: Partition,
    { producerId, producerEpoch }: EndedTransaction,
    { errorCode, message }: { readonly errorCode: ErrorCode; readonly message: string },
  ): ErrorCode {
    this.#options.logger.warn('a transaction marker was refused', {
      topic,
      partition: index,
      producerId,
      producerEpoch,
      errorCode,
      message,
    })
    return errorCode
  }

  #failed(partition: Partition, error: unknown): ErrorCode {
    const { logger, errorCodeOf } = this.#options
    logger.error('a transaction marker could not be written', { topic: partition.topic, partition: partition.index, error })
    partition.reportDamage(error)
    return errorCodeOf(error)
  }
}

/** Whoever writes markers asks leaders of partitions, and knows what those answer. */
function asPartition(errorCode: ErrorCode): ErrorCode {
  switch (errorCode) {
    case ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS:
    case ERROR_CODES.COORDINATOR_NOT_AVAILABLE:
    case ERROR_CODES.NOT_COORDINATOR:
      return ERROR_CODES.NOT_LEADER_OR_FOLLOWER
    default:
      return errorCode
  }
}

/** Of the numbers that the wire has room for, those that mean something. */
export function versionOf(transactionVersion: number): TransactionVersion {
  if (transactionVersion >= 2) return 2
  return transactionVersion === 1 ? 1 : 0
}
