/**
 * Lets batches of transactions through to the log: at once where their transaction is under way in the partition, and once the
 * coordinator has confirmed them where they begin it. From Produce 12 on the batch itself adds the partition to the transaction; before,
 * the producer has done so, and is verified (KIP-890).
 */
import type { AppendOptions, PartitionLog } from '@millrace/log'
import { batchBaseSequence, batchLastSequence, batchProducerEpoch, batchProducerId } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import { confirmVerification } from '../transactions/confirm-verification.ts'
import type { TransactionVerifier } from '../transactions/transaction-verifier.ts'
import type { BatchProblem } from './batch-validator.ts'
import { FIRST_ADDING_VERSION, transactionProblem } from './transaction-problem.ts'

/** With what a batch is staged. */
export type Admission = Omit<AppendOptions, 'leaderEpoch'>

export interface TransactionGateOptions {
  readonly clock: Clock
  readonly verifier: TransactionVerifier
  /** `transaction.partition.verification.enable` */
  isVerifying(): boolean
}

/** Where a batch of a transaction comes from and goes to. */
export interface TransactionalProduce {
  readonly transactionalId: string
  readonly produceVersion: number
  readonly topic: string
  readonly partition: number
}

const UNDER_WAY: Admission = { origin: 'client', transactionVersion: 1, verification: null }
const UNDER_WAY_V2: Admission = { origin: 'client', transactionVersion: 2, verification: null }
const UNVERIFIED: Admission = { origin: 'client', transactionVersion: 1 }

export class TransactionGate {
  readonly #options: TransactionGateOptions

  constructor(options: TransactionGateOptions) {
    this.#options = options
  }

  /** Null: `confirm` has to ask. */
  admitAtOnce(log: PartitionLog, batch: Uint8Array, produceVersion: number): Admission | null {
    const isAdding = produceVersion >= FIRST_ADDING_VERSION
    if (!isAdding && !this.#options.isVerifying()) return UNVERIFIED
    if (this.#verificationOf(log, batch) !== null) return null
    return isAdding ? UNDER_WAY_V2 : UNDER_WAY
  }

  async confirm(log: PartitionLog, batch: Uint8Array, from: TransactionalProduce): Promise<Admission | BatchProblem> {
    const { clock, verifier } = this.#options
    const admitted = this.admitAtOnce(log, batch, from.produceVersion)
    if (admitted !== null) return admitted
    const isAdding = from.produceVersion >= FIRST_ADDING_VERSION
    const asked = {
      transactionalId: from.transactionalId,
      producerId: batchProducerId(batch, 0),
      producerEpoch: batchProducerEpoch(batch, 0),
      topic: from.topic,
      partition: from.partition,
      verifyOnly: !isAdding,
    }
    const confirmed = await confirmVerification({
      clock,
      begin: () => this.#verificationOf(log, batch),
      isInForce: (verification) => log.producerState.isInForce(verification),
      ask: () => verifier.confirm(asked),
    })
    if (confirmed.type === 'denied') return transactionProblem(confirmed.errorCode, from.produceVersion)
    return { origin: 'client', transactionVersion: isAdding ? 2 : 1, verification: confirmed.verification }
  }

  #verificationOf(log: PartitionLog, batch: Uint8Array): ReturnType<PartitionLog['producerState']['beginVerification']> {
    const identity = {
      producerId: batchProducerId(batch, 0),
      producerEpoch: batchProducerEpoch(batch, 0),
      firstSequence: batchBaseSequence(batch, 0),
      lastSequence: batchLastSequence(batch, 0),
    }
    return log.producerState.beginVerification(identity, this.#options.clock.now())
  }
}
