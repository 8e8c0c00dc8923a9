/** What the coordinator of a group knows of it: its state, its members, and who has which partitions. */
import {
  CONSUMER_PROTOCOL_TYPE,
  consumerGroupDescribeApi,
  type consumerGroupDescribeResponse,
  type Decoded,
  decodeAssignment,
  decodeSubscription,
  describeGroupsApi,
  type describeGroupsResponse,
  ERROR_CODES,
  ProtocolError,
} from '@millrace/protocol'
import { isPassing, settleEach, unanswered } from '../admin/settle-each.ts'
import { brokerError, ClientError } from '../errors.ts'
import type { PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { coordinatorOf } from './coordinator.ts'

export interface GroupDescription {
  readonly groupId: string
  readonly type: 'classic' | 'consumer'
  /** As brokers name it, such as `Stable`, `PreparingRebalance`, `Reconciling`, `Empty`. */
  readonly state: string
  /** The assignor in use; null without one. */
  readonly assignor: string | null
  /** Of a consumer group, raised by every change; null for a classic group, whose coordinator does not tell its generation. */
  readonly epoch: number | null
  readonly coordinatorId: number
  readonly coordinatorAddress: string
  readonly members: readonly GroupMember[]
}

export interface GroupMember {
  readonly memberId: string
  /** Null unless membership is static. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** What it subscribes to by name; null when its coordinator or its protocol does not say. */
  readonly topics: readonly string[] | null
  readonly topicPattern: string | null
  /** Of a consumer group's member: the epoch it has reached; null in a classic group. */
  readonly epoch: number | null
  /** Null when it speaks a protocol that is not the consumers' own. */
  readonly assignment: readonly PartitionName[] | null
  /** What it is to have in the end; null in a classic group, where it is all at once. */
  readonly target: readonly PartitionName[] | null
}

/** In the order of the ids. Rejects at once when one does not exist. */
export function describeGroups(cluster: Cluster, groupIds: readonly string[]): Promise<GroupDescription[]> {
  return settleEach(cluster, groupIds, {
    mayRepeat: isPassing,
    exchange: (open) => Promise.all(open.map((groupId) => settled(describe(cluster, groupId)))),
  })
}

/** A group that fails must not hide what became of the others. */
async function settled<Result>(promise: Promise<Result>): Promise<Result | ClientError> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof ClientError) return error
    throw error
  }
}

async function describe(cluster: Cluster, groupId: string): Promise<GroupDescription> {
  const { nodeId, connection } = await coordinatorOf(cluster, groupId)
  const where = { coordinatorId: nodeId, coordinatorAddress: connection.address }
  if (connection.supports(consumerGroupDescribeApi)) {
    const { groups } = await connection.request(consumerGroupDescribeApi, { groupIds: [groupId], includeAuthorizedOperations: false })
    const [group] = groups
    if (group === undefined) throw unanswered(`group "${groupId}"`)
    if (group.errorCode === ERROR_CODES.NONE) return { ...consumerGroup(group), ...where }
    // The group is classic, or there is none of the name.
    if (group.errorCode !== ERROR_CODES.GROUP_ID_NOT_FOUND) throw brokerError(group.errorCode, {}, group.errorMessage)
  }
  const { groups } = await connection.request(describeGroupsApi, { groups: [groupId], includeAuthorizedOperations: false })
  const [group] = groups
  if (group === undefined) throw unanswered(`group "${groupId}"`)
  // Before version 6, a group that does not exist is "Dead" without an error.
  const isMissing = group.errorCode === ERROR_CODES.GROUP_ID_NOT_FOUND || group.groupState === 'Dead'
  if (isMissing) throw brokerError(ERROR_CODES.GROUP_ID_NOT_FOUND, {}, `group "${groupId}" does not exist`)
  if (group.errorCode !== ERROR_CODES.NONE) throw brokerError(group.errorCode, {}, group.errorMessage)
  return { ...classicGroup(group), ...where }
}

type Described = Omit<GroupDescription, 'coordinatorId' | 'coordinatorAddress'>

function consumerGroup(group: Decoded<typeof consumerGroupDescribeResponse>['groups'][number]): Described {
  return {
    groupId: group.groupId,
    type: 'consumer',
    state: group.groupState,
    assignor: group.assignorName === '' ? null : group.assignorName,
    epoch: group.groupEpoch,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topics: member.subscribedTopicNames,
      topicPattern: member.subscribedTopicRegex === '' ? null : member.subscribedTopicRegex,
      epoch: member.memberEpoch,
      assignment: partitionsOf(member.assignment.topicPartitions.map(({ topicName, partitions }) => ({ topic: topicName, partitions }))),
      target: partitionsOf(member.targetAssignment.topicPartitions.map(({ topicName, partitions }) => ({ topic: topicName, partitions }))),
    })),
  }
}

function classicGroup(group: Decoded<typeof describeGroupsResponse>['groups'][number]): Described {
  const isOfConsumers = group.protocolType === CONSUMER_PROTOCOL_TYPE
  return {
    groupId: group.groupId,
    type: 'classic',
    state: group.groupState,
    assignor: group.protocolData === '' ? null : group.protocolData,
    epoch: null,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topics: isOfConsumers ? readable(member.memberMetadata, (payload) => decodeSubscription(payload).topics) : null,
      topicPattern: null,
      epoch: null,
      assignment: isOfConsumers
        ? readable(member.memberAssignment, (payload) => partitionsOf(decodeAssignment(payload).assignedPartitions), [])
        : null,
      target: null,
    })),
  }
}

/** Members put into their payloads what they like: what cannot be read is not told. */
function readable<Value>(payload: Uint8Array, read: (payload: Uint8Array) => Value, ofNothing: Value | null = null): Value | null {
  if (payload.length === 0) return ofNothing
  try {
    return read(payload)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function partitionsOf(topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): PartitionName[] {
  return topics
    .flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
    .sort((left, right) => (left.topic === right.topic ? left.partition - right.partition : left.topic < right.topic ? -1 : 1))
}
