/** Asks coordinators whether partitions are in transactions, on this broker and on others: the batches of one Produce request together. */
import { addPartitionsToTxnApi, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import { BrokerQueues } from '../peers/broker-queues.ts'
import type { PeerChannels } from '../peers/peer-channels.ts'
import { type AskedTransaction, ConfirmationBatch, type TopicResults } from './confirmation-batch.ts'
import type { PartitionOfTransaction, TransactionVerifier } from './transaction-verifier.ts'

export interface CoordinatorQuestionsOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly peers: PeerChannels
  /** The broker that coordinates the transactional id; -1 while there is none. */
  coordinatorOf(transactionalId: string): number
  /** Asks a coordinator on this broker. Never rejects. */
  askHere(transaction: AskedTransaction): Promise<TopicResults | ErrorCode>
}

const VERSION = 5
/** Some are on their way while others wait to be committed. */
const IN_FLIGHT_MAX = 4
const PARTITIONS_PER_REQUEST = 2_000

export class CoordinatorQuestions implements TransactionVerifier {
  readonly #options: CoordinatorQuestionsOptions
  readonly #queues: BrokerQueues<ConfirmationBatch, ConfirmationBatch>

  constructor(options: CoordinatorQuestionsOptions) {
    this.#options = options
    this.#queues = new BrokerQueues({
      clock: options.clock,
      inFlightMax: IN_FLIGHT_MAX,
      take: (queue) => queue.shift() as ConfirmationBatch,
      deliver: (brokerId, batch) => this.#deliver(brokerId, batch),
    })
  }

  confirm(asked: PartitionOfTransaction): Promise<ErrorCode> {
    const brokerId = this.#options.coordinatorOf(asked.transactionalId)
    if (brokerId < 0) return Promise.resolve(ERROR_CODES.COORDINATOR_NOT_AVAILABLE)
    return new Promise((resolve) => {
      this.#queues.enqueue(brokerId, (queue) => {
        const last = queue.at(-1)
        if (last !== undefined && last.size < PARTITIONS_PER_REQUEST && last.add(asked, resolve)) return
        const batch = new ConfirmationBatch()
        batch.add(asked, resolve)
        queue.push(batch)
      })
    })
  }

  async #deliver(brokerId: number, batch: ConfirmationBatch): Promise<void> {
    const { nodeId, peers } = this.#options
    if (brokerId === nodeId) {
      await Promise.all(Array.from(batch.transactions, (transaction) => this.#askHere(transaction)))
      return
    }
    const channel = peers.to(brokerId)
    if (channel === null) return batch.fail(ERROR_CODES.COORDINATOR_NOT_AVAILABLE)
    const answer = await channel.call(addPartitionsToTxnApi, VERSION, batch.request())
    if (answer.type === 'answered') batch.answer(answer.body)
    else batch.fail(ERROR_CODES.NETWORK_EXCEPTION)
  }

  async #askHere(transaction: AskedTransaction): Promise<void> {
    const answer = await this.#options.askHere(transaction)
    if (typeof answer === 'number') transaction.fail(answer)
    else transaction.answer(answer)
  }
}
