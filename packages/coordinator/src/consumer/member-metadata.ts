/** What a member says of itself. */
import type { GroupClient } from '../group/requests.ts'
import type { HeartbeatRequest } from './heartbeat-request.ts'
import type { MemberMetadata } from '../records/consumer-group-records.ts'

/** What the request leaves out is as before. Only members of the consumer protocol send it, so what was classic is so no more. */
export function metadataFrom(request: HeartbeatRequest, known: MemberMetadata | undefined, client: GroupClient): MemberMetadata {
  return {
    instanceId: request.instanceId ?? known?.instanceId ?? null,
    rackId: request.rackId ?? known?.rackId ?? null,
    clientId: client.id,
    clientHost: client.host,
    subscribedTopicNames: topicNames(request.subscribedTopicNames ?? known?.subscribedTopicNames ?? []),
    subscribedTopicRegex: (request.subscribedTopicRegex ?? known?.subscribedTopicRegex ?? '') || null,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs === -1 ? (known?.rebalanceTimeoutMs ?? -1) : request.rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? known?.serverAssignor ?? null,
    classicMemberMetadata: null,
  }
}

/** In ascending order and once each, so that the same subscription is the same list. */
export function topicNames(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort()
}

/** Whether what the group subscribes to is another now. Who comes and subscribes to nothing changes nothing. */
export function changesSubscription(before: MemberMetadata | undefined, after: MemberMetadata): boolean {
  if (before !== undefined) return !isSameSubscription(before, after)
  return after.subscribedTopicNames.length > 0 || after.subscribedTopicRegex !== null
}

function isSameSubscription(left: MemberMetadata, right: MemberMetadata): boolean {
  return (
    left.subscribedTopicRegex === right.subscribedTopicRegex &&
    left.subscribedTopicNames.length === right.subscribedTopicNames.length &&
    left.subscribedTopicNames.every((name, index) => right.subscribedTopicNames[index] === name)
  )
}

export function isSameMetadata(left: MemberMetadata, right: MemberMetadata): boolean {
  return (
    left.instanceId === right.instanceId &&
    left.rackId === right.rackId &&
    left.clientId === right.clientId &&
    left.clientHost === right.clientHost &&
    left.rebalanceTimeoutMs === right.rebalanceTimeoutMs &&
    left.serverAssignor === right.serverAssignor &&
    isSameClassicMetadata(left.classicMemberMetadata, right.classicMemberMetadata) &&
    isSameSubscription(left, right)
  )
}

function isSameClassicMetadata(left: MemberMetadata['classicMemberMetadata'], right: MemberMetadata['classicMemberMetadata']): boolean {
  if (left === null || right === null) return left === right
  return (
    left.sessionTimeoutMs === right.sessionTimeoutMs &&
    left.supportedProtocols.length === right.supportedProtocols.length &&
    left.supportedProtocols.every(({ name, metadata }, index) => {
      const other = right.supportedProtocols[index]
      return other?.name === name && isSameBytes(other.metadata, metadata)
    })
  )
}

function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => right[index] === byte)
}
