/**
 * AddPartitionsToTxn and AddOffsetsToTxn: the transaction begins with its first partition, and records may be written to a partition
 * only once the log of transactions names it (KIP-98). A broker that is about to append asks whether it does (KIP-890), or has the
 * partition added.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import { extended } from './changes.ts'
import type { AddedTopic } from './effects.ts'
import type { AddPartitionsToTxnRequest, OfProducer } from './events.ts'
import { byTopic, partitionBytes, withPartitions } from './partitions.ts'
import { RECORD_BYTES_MAX } from './settings.ts'
import { isEnding } from './state.ts'
import type { TopicPartitions } from './state.ts'
import { refused } from './verdict.ts'
import type { Known, Verdict } from './verdict.ts'

export function addPartitions(
  known: Known | null,
  producer: OfProducer,
  topics: readonly TopicPartitions[],
  transactionVersion: number,
  nowMs: number,
): Verdict {
  if (producer.transactionalId === '') return refused(ERROR_CODES.INVALID_REQUEST)
  if (known === null) return refused(ERROR_CODES.INVALID_PRODUCER_ID_MAPPING)
  const { transaction, heldBefore } = known
  // Before anything else: the producer may use an id already that is the current one only when the end is complete.
  if (isEnding(transaction)) return refused(ERROR_CODES.CONCURRENT_TRANSACTIONS)
  if (transaction.producerId !== producer.producerId) return refused(ERROR_CODES.INVALID_PRODUCER_ID_MAPPING)
  if (transaction.producerEpoch !== producer.producerEpoch) return refused(ERROR_CODES.PRODUCER_FENCED)
  const partitions = withPartitions(transaction.partitions, topics)
  if (transaction.state === 'Ongoing' && partitions === transaction.partitions) return refused(ERROR_CODES.NONE)
  if (partitionBytes(partitions) > RECORD_BYTES_MAX) return refused(ERROR_CODES.TRANSACTION_ABORTABLE)
  return { errorCode: ERROR_CODES.NONE, change: { next: extended(transaction, partitions, transactionVersion, nowMs), heldBefore } }
}

export function verifyPartitions(known: Known | null, request: AddPartitionsToTxnRequest): readonly AddedTopic[] {
  const problem = problemWithProducer(known, request)
  if (known === null || problem !== ERROR_CODES.NONE) return eachPartition(request.topics, () => problem)
  const present = byTopic(known.transaction.partitions)
  return eachPartition(request.topics, (topic, partition) => {
    return present.get(topic)?.has(partition) === true ? ERROR_CODES.NONE : ERROR_CODES.TRANSACTION_ABORTABLE
  })
}

function problemWithProducer(known: Known | null, { transactionalId, producerId, producerEpoch }: OfProducer): ErrorCode {
  if (transactionalId === '') return ERROR_CODES.INVALID_REQUEST
  if (known === null) return ERROR_CODES.INVALID_PRODUCER_ID_MAPPING
  const { transaction } = known
  if (isEnding(transaction) && producerId === transaction.nextProducerId) return ERROR_CODES.CONCURRENT_TRANSACTIONS
  if (transaction.producerId !== producerId) return ERROR_CODES.INVALID_PRODUCER_ID_MAPPING
  if (transaction.producerEpoch !== producerEpoch) return ERROR_CODES.PRODUCER_FENCED
  return isEnding(transaction) ? ERROR_CODES.CONCURRENT_TRANSACTIONS : ERROR_CODES.NONE
}

export function eachPartition(
  topics: readonly TopicPartitions[],
  codeOf: (topic: string, partition: number) => ErrorCode,
): readonly AddedTopic[] {
  return topics.map(({ topic, partitions }) => ({
    name: topic,
    resultsByPartition: partitions.map((partition) => ({ partitionIndex: partition, partitionErrorCode: codeOf(topic, partition) })),
  }))
}
