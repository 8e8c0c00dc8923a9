/** The refusal of a request that is meant for another cluster; null when it says nothing, or means this one. */
import type { Outcome } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'

export function otherCluster(services: Pick<BrokerServices, 'clusterId'>, clusterId: string | null): Outcome | null {
  if (clusterId === null || clusterId === services.clusterId) return null
  const errorMessage = `the request is meant for cluster ${clusterId}, this is ${services.clusterId}`
  return { errorCode: ERROR_CODES.INCONSISTENT_CLUSTER_ID, errorMessage }
}
