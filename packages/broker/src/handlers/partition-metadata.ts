/** A partition as Metadata and DescribeTopicPartitions show it: who leads it, who holds it, who of them is away. */
import type { ClusterImage, PartitionImage } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import { isAlive } from './reachable-brokers.ts'

const NO_LEADER = -1

export interface PartitionMetadata {
  readonly errorCode: ErrorCode
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
  readonly offlineReplicas: readonly number[]
}

export function partitionMetadata(image: ClusterImage, partition: PartitionImage, partitionIndex: number): PartitionMetadata {
  const hasLeader = isAlive(image, partition.leader)
  return {
    errorCode: hasLeader ? ERROR_CODES.NONE : ERROR_CODES.LEADER_NOT_AVAILABLE,
    partitionIndex,
    leaderId: hasLeader ? partition.leader : NO_LEADER,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: partition.replicas.filter((brokerId) => !isAlive(image, brokerId)),
  }
}
