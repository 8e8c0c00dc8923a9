/**
 * Partitions that one coordinator is asked about in one AddPartitionsToTxn request, and who waits for the answers. A transactional id
 * comes once in a request, for its part of the answer is found by it; who asks about the same partition twice shares the answer.
 */
import type { addPartitionsToTxnRequest, addPartitionsToTxnResponse, Decoded, Encodable, ErrorCode } from '@millrace/protocol'
import { ERROR_CODES } from '@millrace/protocol'
import type { PartitionOfTransaction } from './transaction-verifier.ts'

type Waiting = (errorCode: ErrorCode) => void
type TransactionBody = NonNullable<Encodable<typeof addPartitionsToTxnRequest>['transactions']>[number]
export type TopicResults = Decoded<typeof addPartitionsToTxnResponse>['resultsByTransaction'][number]['topicResults']

/** The part of a batch that is about one transaction. */
export class AskedTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly verifyOnly: boolean
  readonly #topics = new Map<string, Map<number, Waiting[]>>()

  constructor({ transactionalId, producerId, producerEpoch, verifyOnly }: PartitionOfTransaction) {
    this.transactionalId = transactionalId
    this.producerId = producerId
    this.producerEpoch = producerEpoch
    this.verifyOnly = verifyOnly
  }

  get topics(): { topic: string; partitions: number[] }[] {
    return Array.from(this.#topics, ([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }))
  }

  isOf({ producerId, producerEpoch, verifyOnly }: PartitionOfTransaction): boolean {
    return this.producerId === producerId && this.producerEpoch === producerEpoch && this.verifyOnly === verifyOnly
  }

  add(topic: string, partition: number, waiting: Waiting): void {
    const partitions = this.#topics.get(topic) ?? new Map<number, Waiting[]>()
    this.#topics.set(topic, partitions)
    const others = partitions.get(partition)
    if (others === undefined) partitions.set(partition, [waiting])
    else others.push(waiting)
  }

  answer(results: TopicResults): void {
    for (const { name, resultsByPartition } of results) {
      for (const { partitionIndex, partitionErrorCode } of resultsByPartition) {
        const waiting = this.#topics.get(name)?.get(partitionIndex) ?? []
        this.#topics.get(name)?.delete(partitionIndex)
        for (const tell of waiting) tell(partitionErrorCode as ErrorCode)
      }
    }
    // Of what is left nothing was said.
    this.fail(ERROR_CODES.COORDINATOR_NOT_AVAILABLE)
  }

  fail(errorCode: ErrorCode): void {
    for (const partitions of this.#topics.values()) for (const waiting of partitions.values()) for (const tell of waiting) tell(errorCode)
    this.#topics.clear()
  }
}

export class ConfirmationBatch {
  readonly #transactions = new Map<string, AskedTransaction>()
  #partitions = 0

  get transactions(): Iterable<AskedTransaction> {
    return this.#transactions.values()
  }

  /** How many were asked about. */
  get size(): number {
    return this.#partitions
  }

  /** False: the batch asks something else about this transactional id. */
  add(asked: PartitionOfTransaction, waiting: Waiting): boolean {
    const transaction = this.#transactions.get(asked.transactionalId) ?? new AskedTransaction(asked)
    if (!transaction.isOf(asked)) return false
    this.#transactions.set(asked.transactionalId, transaction)
    transaction.add(asked.topic, asked.partition, waiting)
    this.#partitions += 1
    return true
  }

  request(): { readonly transactions: readonly TransactionBody[] } {
    return {
      transactions: Array.from(this.#transactions.values(), ({ topics, transactionalId, producerId, producerEpoch, verifyOnly }) => ({
        transactionalId,
        producerId,
        producerEpoch,
        verifyOnly,
        topics: topics.map(({ topic, partitions }) => ({ name: topic, partitions })),
      })),
    }
  }

  answer(body: Decoded<typeof addPartitionsToTxnResponse>): void {
    if (body.errorCode !== ERROR_CODES.NONE) return this.fail(body.errorCode as ErrorCode)
    for (const { transactionalId, topicResults } of body.resultsByTransaction) this.#transactions.get(transactionalId)?.answer(topicResults)
    this.fail(ERROR_CODES.COORDINATOR_NOT_AVAILABLE)
  }

  fail(errorCode: ErrorCode): void {
    for (const transaction of this.#transactions.values()) transaction.fail(errorCode)
  }
}
