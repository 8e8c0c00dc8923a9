/**
 * Sends what changes the cluster to the broker that metadata calls its controller. Brokers of today pass such requests on
 * to the real one; older brokers answer NOT_CONTROLLER, which a fresh look at the metadata heals.
 */
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import type { Cluster } from '../metadata/cluster.ts'

/** How much longer than the broker we wait, so that its own time-out answer arrives. */
const ANSWER_GRACE_MS = 2_000

/** `attempt` counts from 1; later ones look for the controller anew. */
export async function askController<Req extends MessageDefinition, Res extends MessageDefinition>(
  cluster: Cluster,
  attempt: number,
  api: ApiDefinition<Req, Res>,
  body: Encodable<Req>,
): Promise<Decoded<Res>> {
  if (cluster.controllerId === null || attempt > 1) await cluster.refreshBrokers()
  const { controllerId, settings } = cluster
  const connection = controllerId === null ? await cluster.anyConnection() : await cluster.connectionTo(controllerId)
  return connection.request(api, body, { timeoutMs: settings.requestTimeoutMs + ANSWER_GRACE_MS })
}
