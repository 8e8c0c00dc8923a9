/** What can be said of a ConsumerGroupHeartbeat without looking at any group. */
import type { consumerGroupHeartbeatRequest, Decoded } from '@millrace/protocol'
import { isStorableName, NAME_LENGTH_MAX } from '../group/names.ts'
import type { GroupSettings } from '../group/settings.ts'
import { type Refusal, refusal } from './refusal.ts'
import { isSupportedAssignor } from './target-assignment.ts'

export type HeartbeatRequest = Decoded<typeof consumerGroupHeartbeatRequest>

/** Epochs with a meaning of their own. */
export const JOIN_EPOCH = 0
export const LEAVE_EPOCH = -1
/** Of a static member that goes away for a while. */
export const STATIC_LEAVE_EPOCH = -2

/** Since version 1 clients make their member ids themselves (KIP-1082). */
const OWN_MEMBER_ID_VERSION = 1
const UNCHANGED = -1

export function requestRefusal(request: HeartbeatRequest, apiVersion: number, settings: GroupSettings): Refusal | null {
  const invalid = invalidity(request, apiVersion)
  if (invalid !== null) return refusal('INVALID_REQUEST', invalid)
  const { serverAssignor } = request
  if (serverAssignor === null || isSupportedAssignor(serverAssignor, settings.consumerAssignors)) return null
  return refusal(
    'UNSUPPORTED_ASSIGNOR',
    `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${settings.consumerAssignors.join(', ')}.`,
  )
}

function invalidity(request: HeartbeatRequest, apiVersion: number): string | null {
  if (isBlank(request.groupId)) return "GroupId can't be empty."
  if (![request.groupId, request.memberId].every(isStorableName)) return `GroupId and MemberId can't be longer than ${NAME_LENGTH_MAX}.`
  if (isBlank(request.instanceId)) return "InstanceId can't be empty."
  if (isBlank(request.rackId)) return "RackId can't be empty."
  const isMemberIdRequired = apiVersion >= OWN_MEMBER_ID_VERSION || request.memberEpoch !== JOIN_EPOCH
  if (isMemberIdRequired && isBlank(request.memberId)) return "MemberId can't be empty."
  if (request.memberEpoch === JOIN_EPOCH) return joinInvalidity(request)
  if (request.memberEpoch === STATIC_LEAVE_EPOCH) return request.instanceId === null ? "InstanceId can't be null." : null
  return request.memberEpoch < STATIC_LEAVE_EPOCH ? `MemberEpoch is invalid: ${request.memberEpoch}.` : null
}

function joinInvalidity(request: HeartbeatRequest): string | null {
  if (request.rebalanceTimeoutMs === UNCHANGED) return 'RebalanceTimeoutMs must be provided in first request.'
  if (request.topicPartitions?.length !== 0) return 'TopicPartitions must be empty when (re-)joining.'
  // Neither has to name anything: a member may subscribe to nothing for now.
  const saysNothing = request.subscribedTopicNames === null && request.subscribedTopicRegex === null
  return saysNothing ? 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.' : null
}

/** Whether the client tells all that it knows, and so wants to be told the same: it does after anything went wrong. */
export function isFullRequest(request: HeartbeatRequest): boolean {
  if (request.memberEpoch === JOIN_EPOCH) return true
  const hasSubscription = request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null
  return request.rebalanceTimeoutMs !== UNCHANGED && hasSubscription && request.topicPartitions !== null
}

function isBlank(text: string | null): boolean {
  return text?.trim() === ''
}
