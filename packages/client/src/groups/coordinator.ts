/**
 * Asks the coordinator of a group. It is looked up each time: what is asked of groups here is rare, and a coordinator that was
 * remembered may have moved.
 */
import {
  type ApiDefinition,
  type Decoded,
  type Encodable,
  ERROR_CODES,
  findCoordinatorApi,
  type MessageDefinition,
} from '@millrace/protocol'
import { connectionToBroker } from '../admin/brokers.ts'
import { unanswered } from '../admin/settle-each.ts'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { BrokerConnection, RequestOptions } from '../network/broker-connection.ts'

const GROUP_KEY_TYPE = 0
/** From this version on, one request asks for many coordinators. */
const BATCH_VERSION = 4

export interface Coordinator {
  readonly nodeId: number
  readonly connection: BrokerConnection
}

/** The broker that coordinates the group. Rejects with the broker's error; COORDINATOR_NOT_AVAILABLE and the like pass. */
export async function coordinatorOf(cluster: Cluster, groupId: string): Promise<Coordinator> {
  const connection = await cluster.anyConnection()
  const isBatch = connection.versionOf(findCoordinatorApi) >= BATCH_VERSION
  const answer = await connection.request(findCoordinatorApi, {
    keyType: GROUP_KEY_TYPE,
    ...(isBatch ? { coordinatorKeys: [groupId] } : { key: groupId }),
  })
  const found = isBatch ? answer.coordinators[0] : answer
  if (found === undefined) throw unanswered(`the coordinator of group "${groupId}"`)
  if (found.errorCode !== ERROR_CODES.NONE) throw brokerError(found.errorCode, {}, found.errorMessage)
  return { nodeId: found.nodeId, connection: await connectionToBroker(cluster, found.nodeId) }
}

export async function askCoordinator<Req extends MessageDefinition, Res extends MessageDefinition>(
  cluster: Cluster,
  groupId: string,
  api: ApiDefinition<Req, Res>,
  bodyFor: (connection: BrokerConnection) => Encodable<Req>,
  options: RequestOptions = {},
): Promise<Decoded<Res>> {
  const { connection } = await coordinatorOf(cluster, groupId)
  return connection.request(api, bodyFor(connection), options)
}
