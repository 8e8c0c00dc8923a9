/**
 * Which partitions may come into a transaction: those that its coordinator's broker knows of. Whoever leads the transaction's log later
 * knows them too, or knows that they were deleted, because it was told of its leadership after that. So what a coordinator does not find
 * when the transaction ends is gone.
 */
export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export function isThere(partitionCount: number | undefined, partition: number): boolean {
  return partitionCount !== undefined && partition >= 0 && partition < partitionCount
}
