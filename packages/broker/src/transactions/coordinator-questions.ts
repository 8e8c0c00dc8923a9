/**
 * Asks coordinators whether partitions are in transactions, on this broker and on others. What comes while earlier questions to a
 * coordinator are under way is asked together, so that a coordinator which is slow is asked rarely and about much.
 */
import { addPartitionsToTxnApi, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
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

/** What is to be asked of one broker. */
interface Destination {
  readonly batches: ConfirmationBatch[]
  inFlight: number
  isPlanned: boolean
}

const VERSION = 5
/** Some are on their way while others wait to be committed. */
const IN_FLIGHT_MAX = 4
const PARTITIONS_PER_REQUEST = 2_000

export class CoordinatorQuestions implements TransactionVerifier {
  readonly #options: CoordinatorQuestionsOptions
  readonly #destinations = new Map<number, Destination>()

  constructor(options: CoordinatorQuestionsOptions) {
    this.#options = options
  }

  confirm(asked: PartitionOfTransaction): Promise<ErrorCode> {
    const brokerId = this.#options.coordinatorOf(asked.transactionalId)
    if (brokerId < 0) return Promise.resolve(ERROR_CODES.COORDINATOR_NOT_AVAILABLE)
    const destination = this.#destinations.get(brokerId) ?? { batches: [], inFlight: 0, isPlanned: false }
    this.#destinations.set(brokerId, destination)
    return new Promise((resolve) => {
      const last = destination.batches.at(-1)
      if (last === undefined || last.size >= PARTITIONS_PER_REQUEST || !last.add(asked, resolve)) {
        const batch = new ConfirmationBatch()
        batch.add(asked, resolve)
        destination.batches.push(batch)
      }
      this.#plan(brokerId, destination)
    })
  }

  /** After the current turn: the batches of one Produce request come together. */
  #plan(brokerId: number, destination: Destination): void {
    if (destination.isPlanned || destination.inFlight >= IN_FLIGHT_MAX) return
    destination.isPlanned = true
    this.#options.clock.defer(() => {
      destination.isPlanned = false
      this.#send(brokerId, destination)
    })
  }

  #send(brokerId: number, destination: Destination): void {
    while (destination.inFlight < IN_FLIGHT_MAX) {
      const batch = destination.batches.shift()
      if (batch === undefined) break
      destination.inFlight += 1
      void this.#deliver(brokerId, batch).finally(() => {
        destination.inFlight -= 1
        this.#send(brokerId, destination)
      })
    }
    if (destination.inFlight === 0 && destination.batches.length === 0) this.#destinations.delete(brokerId)
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
