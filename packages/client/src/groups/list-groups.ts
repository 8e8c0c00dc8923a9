/** All groups of a cluster, as their coordinators tell of them. */
import { ERROR_CODES, listGroupsApi } from '@millrace/protocol'
import { connectionToBroker } from '../admin/brokers.ts'
import { isPassing, settleEach } from '../admin/settle-each.ts'
import { brokerError, type ClientError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'

export interface GroupListing {
  readonly groupId: string
  /** `consumer` for groups of consumers; empty where only offsets are kept under the name. */
  readonly protocolType: string
  /** As brokers name it, such as `Stable` or `Empty`; null from brokers that do not say. */
  readonly state: string | null
  /** `classic` or `consumer` (or a kind of later brokers); null from brokers that do not say. */
  readonly type: string | null
}

/** By id. Rejects when one of the brokers cannot be asked, since its groups would be missing. */
export async function listGroups(cluster: Cluster): Promise<GroupListing[]> {
  await cluster.refreshBrokers()
  const nodeIds = cluster.brokers.map(({ nodeId }) => nodeId)
  const listed = await settleEach(cluster, nodeIds, {
    mayRepeat: isPassing,
    exchange: (open) => Promise.all(open.map((nodeId) => groupsOf(cluster, nodeId))),
  })
  // A group that moves while the brokers are asked is listed by two of them.
  const byId = new Map(listed.flat().map((group) => [group.groupId, group]))
  return [...byId.values()].sort((left, right) => (left.groupId < right.groupId ? -1 : 1))
}

async function groupsOf(cluster: Cluster, nodeId: number): Promise<GroupListing[] | ClientError> {
  const connection = await connectionToBroker(cluster, nodeId)
  const { errorCode, groups } = await connection.request(listGroupsApi, {})
  if (errorCode !== ERROR_CODES.NONE) return brokerError(errorCode, { address: connection.address })
  return groups.map(({ groupId, protocolType, groupState, groupType }) => ({
    groupId,
    protocolType,
    state: groupState === '' ? null : groupState,
    type: groupType === '' ? null : groupType.toLowerCase(),
  }))
}
