/** Forgets a broker that is gone for good. */
import { unregisterBrokerApi } from '@millrace/protocol'
import type { Cluster } from '../metadata/cluster.ts'
import { askController } from './controller.ts'
import { changeOnce } from './quorum.ts'

export async function unregisterBroker(cluster: Cluster, nodeId: number): Promise<void> {
  await changeOnce(cluster, (attempt) => askController(cluster, attempt, unregisterBrokerApi, { brokerId: nodeId }))
}
