/**
 * Tells the partitions of a transaction how it ended: each once, by way of the broker that leads it, and all that is for one broker at
 * one time in one WriteTxnMarkers request. What a partition answers goes back to the transaction's coordinator, which decides whether
 * it is told again.
 *
 * A partition that is not in the metadata was deleted (see `existing-partitions.ts`).
 */
import type { MarkerOutcome, TopicPartitions, WriteMarkers } from '@millrace/coordinator'
import type { MetadataFeed } from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode, writeTxnMarkersApi } from '@millrace/protocol'
import type { Encodable, writeTxnMarkersRequest } from '@millrace/protocol'
import type { Clock } from '@millrace/runtime'
import { BrokerQueues } from '../peers/broker-queues.ts'
import type { PeerChannels } from '../peers/peer-channels.ts'
import { type EndedTransaction, type MarkerWriter, versionOf } from './marker-writer.ts'

export interface MarkerSenderOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly feed: MetadataFeed
  readonly peers: PeerChannels
  readonly writer: MarkerWriter
}

/** What one broker is to be told of one transaction, and who waits for its answer. */
interface Letter {
  readonly ended: EndedTransaction
  readonly places: readonly TopicPartitions[]
  readonly size: number
  onOutcomes(outcomes: readonly MarkerOutcome[]): void
}

const VERSION = 2
/** Some are on their way while others wait to be committed. */
const IN_FLIGHT_MAX = 8
const PARTITIONS_PER_REQUEST = 2_000

export class MarkerSender {
  readonly #options: MarkerSenderOptions
  readonly #queues: BrokerQueues<Letter, readonly Letter[]>

  constructor(options: MarkerSenderOptions) {
    this.#options = options
    this.#queues = new BrokerQueues({
      clock: options.clock,
      inFlightMax: IN_FLIGHT_MAX,
      take: takeSome,
      deliver: (brokerId, letters) => this.#deliver(brokerId, letters),
    })
  }

  /** `onOutcomes` is told of every partition once, of many at a time. */
  send(markers: WriteMarkers, coordinatorEpoch: number, onOutcomes: (outcomes: readonly MarkerOutcome[]) => void): void {
    const { producerId, producerEpoch, result, transactionVersion } = markers
    const ended: EndedTransaction = {
      producerId,
      producerEpoch,
      result,
      coordinatorEpoch,
      transactionVersion: versionOf(transactionVersion),
    }
    const { nodeId, feed } = this.#options
    const image = feed.image()
    const settled: MarkerOutcome[] = []
    const byLeader = new Map<number, Map<string, number[]>>()
    for (const { topic, partitions } of markers.topics) {
      for (const partition of partitions) {
        const leader = image.topics.get(topic)?.partitions[partition]?.leader
        if (leader === undefined) settled.push({ topic, partition, outcome: 'deleted' })
        else if (leader < 0) settled.push({ topic, partition, outcome: ERROR_CODES.LEADER_NOT_AVAILABLE })
        else append(byLeader, leader, topic, partition)
      }
    }
    for (const [leader, topics] of byLeader) {
      const led = Array.from(topics, ([topic, partitions]) => ({ topic, partitions }))
      const size = led.reduce((sum, { partitions }) => sum + partitions.length, 0)
      if (leader === nodeId) void this.#writeHere(ended, led).then(onOutcomes)
      else this.#queues.enqueue(leader, (queue) => void queue.push({ ended, places: led, size, onOutcomes }))
    }
    if (settled.length > 0) onOutcomes(settled)
  }

  #writeHere(ended: EndedTransaction, places: readonly TopicPartitions[]): Promise<MarkerOutcome[]> {
    const outcomes = places.flatMap(({ topic, partitions }) =>
      partitions.map(async (partition) => ({ topic, partition, outcome: await this.#options.writer.write(ended, topic, partition) })),
    )
    return Promise.all(outcomes)
  }

  async #deliver(brokerId: number, letters: readonly Letter[]): Promise<void> {
    const request = { markers: letters.map(bodyOf) }
    const answer = await this.#options.peers.to(brokerId)?.call(writeTxnMarkersApi, VERSION, request)
    letters.forEach((letter, index) => {
      const { producerId, topics = [] } = answer?.type === 'answered' ? (answer.body.markers[index] ?? {}) : {}
      const said = new Map<string, ErrorCode>()
      if (producerId === letter.ended.producerId) {
        for (const { name, partitions } of topics) {
          for (const { partitionIndex, errorCode } of partitions) said.set(keyOf(name, partitionIndex), errorCode as ErrorCode)
        }
      }
      letter.onOutcomes(
        letter.places.flatMap(({ topic, partitions }) =>
          partitions.map((partition) => ({
            topic,
            partition,
            // Nobody knows whether it was written, so it is written again.
            outcome: said.get(keyOf(topic, partition)) ?? ERROR_CODES.NETWORK_EXCEPTION,
          })),
        ),
      )
    })
  }
}

/** As many as one request takes, and one at least. */
function takeSome(queue: Letter[]): readonly Letter[] {
  let size = 0
  let count = 0
  for (const letter of queue) {
    size += letter.size
    if (count > 0 && size > PARTITIONS_PER_REQUEST) break
    count += 1
  }
  return queue.splice(0, count)
}

function bodyOf({ ended, places }: Letter): Encodable<typeof writeTxnMarkersRequest>['markers'][number] {
  const { result, ...rest } = ended
  return {
    ...rest,
    transactionResult: result === 'commit',
    topics: places.map(({ topic, partitions }) => ({ name: topic, partitionIndexes: partitions })),
  }
}

function append(byLeader: Map<number, Map<string, number[]>>, leader: number, topic: string, partition: number): void {
  const topics = byLeader.get(leader) ?? new Map<string, number[]>()
  byLeader.set(leader, topics)
  const partitions = topics.get(topic)
  if (partitions === undefined) topics.set(topic, [partition])
  else partitions.push(partition)
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
