/** A connection to one broker for a request about that broker itself. */
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { BrokerConnection } from '../network/broker-connection.ts'

/** Rejects at once when the cluster has no such broker. */
export async function connectionToBroker(cluster: Cluster, nodeId: number): Promise<BrokerConnection> {
  const isKnown = (): boolean => cluster.brokers.some((broker) => broker.nodeId === nodeId)
  if (!isKnown()) await cluster.refreshBrokers()
  if (isKnown()) return cluster.connectionTo(nodeId)
  const ids = cluster.brokers.map((broker) => broker.nodeId).sort((left, right) => left - right)
  throw new ClientError(CLIENT_ERROR_CODES.invalidArgument, `the cluster has no broker ${nodeId}; it has ${ids.join(', ')}`)
}
