/**
 * What a broker does about transactions: it coordinates some, has the batches of others confirmed by their coordinators, and writes to its
 * partitions how they ended.
 */
import type { TransactionSettings } from '@millrace/coordinator'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Network, Random } from '@millrace/runtime'
import type { TransactionCoordinators } from '../coordinator/coordinators.ts'
import { HostedCoordinators, type HostedCoordinatorsOptions } from '../coordinator/hosted-coordinators.ts'
import { TransactionKind } from '../coordinator/transaction-kind.ts'
import { PeerChannels } from '../peers/peer-channels.ts'
import type { ProducerIds } from '../produce/producer-ids.ts'
import { CoordinatorQuestions } from './coordinator-questions.ts'
import type { TopicResults } from './confirmation-batch.ts'
import { mayTakePart, type TopicPartitions } from './existing-partitions.ts'
import { MarkerSender } from './marker-sender.ts'
import { type EndedTransaction, MarkerWriter } from './marker-writer.ts'
import type { TransactionVerifier } from './transaction-verifier.ts'

export interface TransactionServicesOptions extends HostedCoordinatorsOptions {
  readonly nodeId: number
  readonly random: Random
  readonly network: Network
  readonly maxFrameBytes: number
  readonly producerIds: ProducerIds
  settings(): Omit<TransactionSettings, 'maxIds'>
  /** The topic whose partitions have coordinators of their own, and the way to them. Never rejects. */
  readonly offsetsTopic: string
  endOffsets(partition: number, ended: EndedTransaction): Promise<ErrorCode>
  errorCodeOf(error: unknown): ErrorCode
}

/** One transaction's part of an AddPartitionsToTxn request. */
export interface PartitionsToAdd {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly verifyOnly: boolean
  readonly topics: readonly TopicPartitions[]
}

/** Shorter than a producer waits, so that it is told what the matter is. */
const TIMEOUT_MS = 10_000
const NO_COORDINATOR = -1
/** What brokers ask each other. */
const BROKER_VERSION = 5
/** A question of this broker's own, by no connection. */
const NO_CONNECTION = -1

export class TransactionServices {
  readonly verifier: TransactionVerifier
  readonly markerWriter: MarkerWriter
  readonly coordinators: TransactionCoordinators
  readonly #options: TransactionServicesOptions
  /** Apart from each other: a marker is answered when it is committed, and no question is to wait for that. */
  readonly #peersToAsk: PeerChannels
  readonly #peersToTell: PeerChannels

  constructor(options: TransactionServicesOptions) {
    this.#options = options
    const { nodeId, clock, feed, producerIds } = options
    this.#peersToAsk = new PeerChannels({ ...options, clientId: `transaction-questions-${nodeId}`, timeoutMs: TIMEOUT_MS })
    this.#peersToTell = new PeerChannels({ ...options, clientId: `transaction-markers-${nodeId}`, timeoutMs: 2 * TIMEOUT_MS })
    this.markerWriter = new MarkerWriter(options)
    const markers = new MarkerSender({ nodeId, clock, feed, peers: this.#peersToTell, writer: this.markerWriter })
    const kind = new TransactionKind({ markers, settings: () => options.settings(), takeProducerId: () => producerIds.takeAtOnce() })
    this.coordinators = new HostedCoordinators(kind, options)
    this.verifier = new CoordinatorQuestions({
      nodeId,
      clock,
      peers: this.#peersToAsk,
      coordinatorOf: (transactionalId) => this.#coordinatorOf(transactionalId),
      askHere: (transaction) => this.addPartitions(transaction, BROKER_VERSION, NO_CONNECTION),
    })
  }

  /** Puts partitions into a transaction that is coordinated here, all or none of them; or says which of them are in it. */
  async addPartitions(asked: PartitionsToAdd, apiVersion: number, connectionId: number): Promise<TopicResults | ErrorCode> {
    const { topics } = this.#options.feed.image()
    const isKnown = (topic: string, partition: number): boolean => mayTakePart(topics, topic, partition)
    if (!asked.topics.every(({ topic, partitions }) => partitions.every((partition) => isKnown(topic, partition)))) {
      return resultsOf(asked.topics, (topic, partition) =>
        // One that cannot be added keeps the others from being added.
        isKnown(topic, partition) ? ERROR_CODES.OPERATION_NOT_ATTEMPTED : ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION,
      )
    }
    const { transactionalId, producerId, producerEpoch, verifyOnly } = asked
    const request = { api: 'AddPartitionsToTxn', transactionalId, producerId, producerEpoch, verifyOnly, topics: asked.topics } as const
    const answer = await this.coordinators.ask(
      { key: transactionalId },
      {
        connectionId,
        mayWrite: !verifyOnly,
        toEvent: (token, time) => ({ type: 'request', token, ...time, apiVersion, request }),
      },
    )
    if (answer.type === 'refused') return answer.errorCode
    return answer.response.api === 'AddPartitionsToTxn' ? answer.response.topicResults : ERROR_CODES.UNKNOWN_SERVER_ERROR
  }

  /** The coordinators are closed with all others. */
  close(): void {
    this.#peersToAsk.close()
    this.#peersToTell.close()
  }

  #coordinatorOf(transactionalId: string): number {
    const partition = this.coordinators.partitionOf(transactionalId)
    if (partition === null) return NO_COORDINATOR
    const topic = this.#options.feed.image().topics.get(this.coordinators.kind.topic.name)
    return topic?.partitions[partition]?.leader ?? NO_COORDINATOR
  }
}

/** The same for each partition, or as each deserves. */
export function resultsOf(topics: readonly TopicPartitions[], codeOf: (topic: string, partition: number) => ErrorCode): TopicResults {
  return topics.map(({ topic, partitions }) => ({
    name: topic,
    resultsByPartition: partitions.map((partition) => ({ partitionIndex: partition, partitionErrorCode: codeOf(topic, partition) })),
  }))
}
