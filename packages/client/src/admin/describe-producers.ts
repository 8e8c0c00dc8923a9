/** The producers that the leaders of partitions remember: who is writing, and whose transaction is open. */
import { type Decoded, describeProducersApi, type describeProducersResponse, ERROR_CODES } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { askLeaders, type LeaderOutcome } from './leaders.ts'

export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  /** Null before its first batch. */
  readonly lastSequence: number | null
  /** Milliseconds since the epoch, of its last batch. */
  readonly lastTimestamp: number | null
  /** The first offset of its open transaction; null without one. */
  readonly transactionStartOffset: number | null
}

export interface PartitionProducers extends PartitionName {
  readonly producers: readonly ActiveProducer[]
}

export function describeProducers(cluster: Cluster, partitions: readonly PartitionName[]): Promise<PartitionProducers[]> {
  return askLeaders(cluster, partitions, async (connection, topics) => {
    const wire = topics.map((topic) => ({ name: topic.name, partitionIndexes: topic.partitions.map(({ partition }) => partition) }))
    const answer = await connection.request(describeProducersApi, { topics: wire })
    return answer.topics.flatMap((topic) => topic.partitions.map((entry) => outcomeOf(topic.name, entry)))
  })
}

type AnswerEntry = Decoded<typeof describeProducersResponse>['topics'][number]['partitions'][number]

function outcomeOf(topic: string, entry: AnswerEntry): LeaderOutcome<PartitionProducers> {
  const place = { topic, partition: entry.partitionIndex }
  if (entry.errorCode !== ERROR_CODES.NONE) return { ...place, outcome: brokerError(entry.errorCode, place, entry.errorMessage) }
  return { ...place, outcome: { ...place, producers: entry.activeProducers.map(toProducer) } }
}

function toProducer(entry: AnswerEntry['activeProducers'][number]): ActiveProducer {
  return {
    producerId: entry.producerId,
    producerEpoch: entry.producerEpoch,
    lastSequence: orNull(entry.lastSequence),
    lastTimestamp: orNull(entry.lastTimestamp),
    transactionStartOffset: orNull(entry.currentTxnStartOffset),
  }
}

function orNull(value: number): number | null {
  return value < 0 ? null : value
}
