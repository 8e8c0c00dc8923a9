/** What brokers keep on their disks: the directories, and the size of every replica in them. */
import { type Decoded, describeLogDirsApi, type describeLogDirsResponse, ERROR_CODES } from '@millrace/protocol'
import { brokerError, type ClientError } from '../errors.ts'
import type { PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { connectionToBroker } from './brokers.ts'
import { isPassing, settleEach } from './settle-each.ts'

export interface ReplicaSize extends PartitionName {
  readonly sizeBytes: number
  /** How many records it is behind. */
  readonly offsetLag: number
}

export interface LogDirDescription {
  readonly path: string
  /** Why the directory is out of use; null while it works. */
  readonly error: ClientError | null
  /** Of the file system it is on; null from brokers that do not say. */
  readonly totalBytes: number | null
  readonly usableBytes: number | null
  readonly replicas: readonly ReplicaSize[]
}

export interface BrokerLogDirs {
  readonly nodeId: number
  readonly directories: readonly LogDirDescription[]
}

/** In the order of `nodeIds`; of all brokers, by id, when absent. */
export async function describeLogDirs(cluster: Cluster, nodeIds?: readonly number[]): Promise<BrokerLogDirs[]> {
  if (nodeIds === undefined) await cluster.refreshBrokers()
  const wanted = nodeIds ?? cluster.brokers.map(({ nodeId }) => nodeId).sort((left, right) => left - right)
  return settleEach(cluster, wanted, {
    mayRepeat: isPassing,
    exchange: (open) => Promise.all(open.map((nodeId) => describe(cluster, nodeId))),
  })
}

async function describe(cluster: Cluster, nodeId: number): Promise<BrokerLogDirs | ClientError> {
  const connection = await connectionToBroker(cluster, nodeId)
  const { errorCode, results } = await connection.request(describeLogDirsApi, { topics: null })
  if (errorCode !== ERROR_CODES.NONE) return brokerError(errorCode, { address: connection.address })
  return { nodeId, directories: results.map(toDirectory) }
}

function toDirectory(entry: Decoded<typeof describeLogDirsResponse>['results'][number]): LogDirDescription {
  const replicas = entry.topics.flatMap(({ name, partitions }) =>
    partitions
      // Copies on their way to another directory do not count twice.
      .filter(({ isFutureKey }) => !isFutureKey)
      .map(({ partitionIndex, partitionSize, offsetLag }) => ({
        topic: name,
        partition: partitionIndex,
        sizeBytes: partitionSize,
        offsetLag,
      })),
  )
  return {
    path: entry.logDir,
    error: entry.errorCode === ERROR_CODES.NONE ? null : brokerError(entry.errorCode),
    totalBytes: orNull(entry.totalBytes),
    usableBytes: orNull(entry.usableBytes),
    replicas,
  }
}

function orNull(value: number): number | null {
  return value < 0 ? null : value
}
