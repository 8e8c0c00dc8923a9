/**
 * DescribeProducers (API key 61), version 0.
 *
 * What a partition remembers of its producers, for those who look for a producer that hangs in a transaction (KIP-664). Every
 * replica answers for itself: operators look at one broker, and at all that it has. Each partition is answered once, however often it is
 * named.
 */
import type { ProducerEntry } from '@millrace/log'
import { topicNameProblem } from '@millrace/metadata'
import { describeProducersApi, ERROR_CODES } from '@millrace/protocol'
import type { Decoded, describeProducersRequest, describeProducersResponse, Encodable, ErrorCode } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Request = Decoded<typeof describeProducersRequest>
type PartitionBody = Encodable<typeof describeProducersResponse>['topics'][number]['partitions'][number]
type ProducerBody = PartitionBody['activeProducers'][number]

const NO_SEQUENCE = -1

export function describeProducersHandler(services: BrokerServices): Handler {
  return defineHandler(describeProducersApi, async (request) => {
    const topics = [...indexesByTopic(request)].map(async ([name, indexes]) => ({
      name,
      partitions: await Promise.all([...indexes].map((index) => describe(name, index))),
    }))
    return { throttleTimeMs: 0, topics: await Promise.all(topics) }
  })

  async function describe(topic: string, partitionIndex: number): Promise<PartitionBody> {
    const failed = (errorCode: ErrorCode, errorMessage: string | null = null): PartitionBody => ({
      partitionIndex,
      errorCode,
      errorMessage,
      activeProducers: [],
    })
    const problem = topicNameProblem(topic)
    if (problem !== null) return failed(ERROR_CODES.INVALID_TOPIC_EXCEPTION, problem)
    const partition = services.partitions.findReadable(topic, partitionIndex)
    if (typeof partition === 'number') return failed(partition)
    try {
      const log = await partition.open()
      return { partitionIndex, errorCode: ERROR_CODES.NONE, activeProducers: Array.from(log.producerState.entries(), bodyOf) }
    } catch (error) {
      services.logger.error('producers were not described', { topic, partition: partitionIndex, error })
      return failed(services.errorCodeOf(error))
    }
  }
}

function indexesByTopic(request: Request): Map<string, Set<number>> {
  const byTopic = new Map<string, Set<number>>()
  for (const { name, partitionIndexes } of request.topics) {
    const indexes = byTopic.get(name) ?? new Set<number>()
    for (const index of partitionIndexes) indexes.add(index)
    byTopic.set(name, indexes)
  }
  return byTopic
}

function bodyOf(entry: ProducerEntry): ProducerBody {
  return {
    producerId: entry.producerId,
    producerEpoch: entry.producerEpoch,
    lastSequence: entry.batches.at(-1)?.lastSequence ?? NO_SEQUENCE,
    lastTimestamp: entry.lastTimestamp,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTxnStartOffset: entry.currentTxnFirstOffset,
  }
}
