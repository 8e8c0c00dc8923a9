/**
 * Which partitions may come into a transaction: those that its coordinator's broker knows of. Whoever leads the transaction's log later
 * knows them too, or knows that they were deleted, because it was told of its leadership after that. So what a coordinator does not find
 * when the transaction ends is gone.
 *
 * Of the topics of coordinators only that of groups' offsets takes part in transactions: to the others nobody but their coordinators
 * appends, markers included.
 */
import { isInternalTopic, type TopicsImage } from '@millrace/metadata'
import { CONSUMER_OFFSETS } from '../coordinator/internal-topics.ts'

export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export function mayTakePart(topics: TopicsImage, topic: string, partition: number): boolean {
  const partitionCount = topics.get(topic)?.partitions.length ?? 0
  return takesTransactions(topic) && partition >= 0 && partition < partitionCount
}

export function takesTransactions(topic: string): boolean {
  return !isInternalTopic(topic) || topic === CONSUMER_OFFSETS.name
}
