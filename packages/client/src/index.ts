export { ClientError } from './errors.ts'
export { Cluster } from './metadata/cluster.ts'
export { PartitionQueue } from './producer/partition-queue.ts'
