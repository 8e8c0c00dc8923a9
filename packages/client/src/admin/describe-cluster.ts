/** The brokers of the cluster and which of them is its controller. */
import { describeClusterApi, ERROR_CODES } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { BrokerView } from '../metadata/topic-view.ts'
import { retry } from '../network/retry.ts'

export interface ClusterDescription {
  /** Null from brokers that do not say. */
  readonly clusterId: string | null
  /** Null while there is none. */
  readonly controllerId: number | null
  /** By id; those that are fenced among them, where brokers say who is. */
  readonly brokers: readonly DescribedBroker[]
}

export interface DescribedBroker extends BrokerView {
  /** The cluster knows it and does not count on it: it does not run, or has not caught up yet. */
  readonly isFenced: boolean
}

/** From here on brokers can be asked for those that are fenced. */
const FENCED_VERSION = 2

export function describeCluster(cluster: Cluster): Promise<ClusterDescription> {
  const { settings } = cluster
  return retry(settings, cluster.closing, cluster.nowMs + settings.retryTimeoutMs, async () => {
    const connection = await cluster.anyConnection()
    // Brokers before 2.8 say it in their metadata only.
    if (!connection.supports(describeClusterApi)) return fromMetadata(cluster)
    const includeFencedBrokers = connection.versionOf(describeClusterApi) >= FENCED_VERSION
    const body = { includeClusterAuthorizedOperations: false, includeFencedBrokers }
    const { errorCode, errorMessage, clusterId, controllerId, brokers } = await connection.request(describeClusterApi, body)
    if (errorCode !== ERROR_CODES.NONE) throw brokerError(errorCode, { address: connection.address }, errorMessage)
    const views = brokers.map(({ brokerId, host, port, rack, isFenced }) => ({ nodeId: brokerId, host, port, rack, isFenced }))
    return { clusterId, controllerId: controllerId === -1 ? null : controllerId, brokers: byId(views) }
  })
}

async function fromMetadata(cluster: Cluster): Promise<ClusterDescription> {
  await cluster.refreshBrokers()
  const { clusterId, controllerId, brokers } = cluster
  return { clusterId, controllerId, brokers: byId(brokers.map((broker) => ({ ...broker, isFenced: false }))) }
}

function byId(brokers: readonly DescribedBroker[]): DescribedBroker[] {
  return [...brokers].sort((left, right) => left.nodeId - right.nodeId)
}
