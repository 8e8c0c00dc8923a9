/**
 * ConsumerGroupHeartbeat: how a member of the consumer protocol joins, says what it has, hears what it is to have, and leaves.
 *
 * A step looks first, and refuses before anything is written. Then the member is written, the group epoch, the target assignment and
 * the member's own assignment, each only if it has changed. A heartbeat of a member at rest writes nothing.
 */
import type { consumerGroupHeartbeatResponse, Encodable } from '@millrace/protocol'
import type { ClassicGroup } from '../classic/classic-group.ts'
import type { GroupCall, GroupClient } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import type { MemberMetadata } from '../records/consumer-group-records.ts'
import { type ConsumerGroup, type ConsumerGroupMember, memberOf } from './consumer-group.ts'
import { heartbeatIntervalMs } from './heartbeat-interval.ts'
import { type HeartbeatRequest, isFullRequest, JOIN_EPOCH, LEAVE_EPOCH, requestRefusal, STATIC_LEAVE_EPOCH } from './heartbeat-request.ts'
import { changesSubscription, isSameMetadata, metadataFrom } from './member-metadata.ts'
import { currentRecord, hasRoomFor, metadataRecord } from './member-records.ts'
import { findConsumerGroup, reconcileMember, replaceMember, updateGroupEpoch } from './membership.ts'
import { fenceMembers } from './migration/downgrade.ts'
import { planUpgrade, upgrade } from './migration/upgrade.ts'
import { isSameOwnership, ownsAll, OWNS_NOTHING, partitionsOf } from './owned-partitions.ts'
import { isReconciled, MEMBER_STATES } from './reconciliation.ts'
import { groupIsFull, type Refusal, refusal } from './refusal.ts'
import { expressionProblem } from './subscription/resolve-expressions.ts'
import { updateTargetAssignment } from './target-assignment.ts'

type HeartbeatResponse = Encodable<typeof consumerGroupHeartbeatResponse>

/** Who the request is about: one that is known, one that it takes the place of, or neither for a new member. */
interface Sender {
  readonly memberId: string
  readonly known?: ConsumerGroupMember
  readonly replaces?: ConsumerGroupMember
}

export function onConsumerGroupHeartbeat(turn: GroupTurn, call: GroupCall<'ConsumerGroupHeartbeat'>): void {
  const { token, body, apiVersion, client } = call
  turn.reply(token, 'ConsumerGroupHeartbeat', heartbeat(turn, body, apiVersion, client))
}

function heartbeat(turn: GroupTurn, request: HeartbeatRequest, apiVersion: number, client: GroupClient): HeartbeatResponse {
  const problem = requestRefusal(request, apiVersion, turn.settings)
  if (problem !== null) return refused(problem)
  const isLeave = request.memberEpoch === LEAVE_EPOCH || request.memberEpoch === STATIC_LEAVE_EPOCH
  return isLeave ? leave(turn, request) : joinOrStay(turn, request, client)
}

function joinOrStay(turn: GroupTurn, request: HeartbeatRequest, client: GroupClient): HeartbeatResponse {
  const { groupId } = request
  const before = findConsumerGroup(turn, groupId)
  const entry = before === undefined ? newGroup(turn, request, client) : { group: before }
  if ('errorCode' in entry) return refused(entry)
  const sender = entry.group === null ? newSender(turn, request) : senderIn(turn, entry.group, request)
  if ('errorCode' in sender) return refused(sender)
  const metadata = metadataFrom(request, (sender.known ?? sender.replaces)?.metadata, client)
  const problem = metadataRefusal(turn, sender, metadata)
  if (problem !== null) return refused(problem)

  const { memberId } = sender
  const hasSubscriptionChanged = appendSender(turn, groupId, sender, metadata)
  const group = findConsumerGroup(turn, groupId) as ConsumerGroup
  const currentBefore = memberOf(group, memberId).current
  updateGroupEpoch(turn, group, memberId, hasSubscriptionChanged)
  updateTargetAssignment(turn, group, memberId)
  const isAtRest = isReconciled(currentBefore, group.groupEpoch)
  if (!isAtRest && !reconcileMember(turn, group, memberId, request.topicPartitions)) return refused(beginAnew(memberId))

  const member = memberOf(group, memberId)
  setDeadlines(turn, groupId, member, member.current !== currentBefore)
  const isTold = isFullRequest(request) || !isSameOwnership(currentBefore.assigned, member.current.assigned)
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    memberId,
    memberEpoch: member.current.memberEpoch,
    heartbeatIntervalMs: heartbeatIntervalMs(turn, group, member),
    assignment: isTold ? { topicPartitions: partitionsOf(member.current.assigned) } : null,
  }
}

/**
 * The first member of the consumer protocol. A classic group with members is converted for it, and one without is removed, once nothing
 * else can be wrong: classic members make room for anybody with their instance id.
 */
function newGroup(turn: GroupTurn, request: HeartbeatRequest, client: GroupClient): { readonly group: ConsumerGroup | null } | Refusal {
  const { groupId, memberEpoch } = request
  const other = turn.state.groups.get(groupId)
  if (memberEpoch !== JOIN_EPOCH) return refusal('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
  if (other === undefined) return { group: null }
  const problem = metadataRefusal(turn, { memberId: request.memberId }, metadataFrom(request, undefined, client))
  if (problem !== null) return problem
  const records = planUpgrade(turn, other as ClassicGroup, request.instanceId)
  if ('errorCode' in records) return records
  upgrade(turn, other as ClassicGroup, records)
  return { group: findConsumerGroup(turn, groupId) ?? null }
}

function newSender(turn: GroupTurn, request: HeartbeatRequest): Sender {
  return { memberId: request.memberId === '' ? turn.newUuid() : request.memberId }
}

function senderIn(turn: GroupTurn, group: ConsumerGroup, request: HeartbeatRequest): Sender | Refusal {
  const { instanceId } = request
  const sender = instanceId === null ? dynamicSender(turn, group, request) : staticSender(turn, group, request, instanceId)
  if ('errorCode' in sender || sender.known !== undefined || sender.replaces !== undefined) return sender
  const { consumerMaxSize } = turn.settings
  return group.members.size < consumerMaxSize ? sender : groupIsFull(consumerMaxSize)
}

function dynamicSender(turn: GroupTurn, group: ConsumerGroup, request: HeartbeatRequest): Sender | Refusal {
  const known = group.members.get(request.memberId)
  if (known !== undefined) return epochRefusal(known, request) ?? { memberId: known.memberId, known }
  if (request.memberEpoch === JOIN_EPOCH) return newSender(turn, request)
  return refusal('UNKNOWN_MEMBER_ID', `Member ${request.memberId} is not a member of group ${group.groupId}.`)
}

function staticSender(turn: GroupTurn, group: ConsumerGroup, request: HeartbeatRequest, instanceId: string): Sender | Refusal {
  const known = group.memberOfInstance(instanceId)
  if (request.memberEpoch !== JOIN_EPOCH) {
    if (known === undefined) return unknownInstance(instanceId)
    return fencedInstance(known, request, instanceId) ?? epochRefusal(known, request) ?? { memberId: known.memberId, known }
  }
  // Whoever has both ids is the same process: the answer to its first request was lost.
  if (known === undefined || known.memberId === request.memberId) return sameOrNew(turn, group, request)
  if (known.metadata.classicMemberMetadata === null && known.current.memberEpoch !== STATIC_LEAVE_EPOCH) {
    const taken = `the instance id is owned by member ${known.memberId}`
    return refusal('UNRELEASED_INSTANCE_ID', `Static member ${request.memberId} with instance id ${instanceId} cannot join: ${taken}.`)
  }
  return { ...newSender(turn, request), replaces: known }
}

function sameOrNew(turn: GroupTurn, group: ConsumerGroup, request: HeartbeatRequest): Sender {
  const known = group.members.get(request.memberId)
  return known === undefined ? newSender(turn, request) : { memberId: known.memberId, known }
}

function fencedInstance(known: ConsumerGroupMember, request: HeartbeatRequest, instanceId: string): Refusal | null {
  if (known.memberId === request.memberId) return null
  const message = `Static member ${request.memberId} with instance id ${instanceId} was fenced by member ${known.memberId}.`
  return refusal('FENCED_INSTANCE_ID', message)
}

function unknownInstance(instanceId: string): Refusal {
  return refusal('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
}

/** The previous epoch is accepted from a member that has no more than it was given: the answer with the next one was lost. */
function epochRefusal({ current }: ConsumerGroupMember, request: HeartbeatRequest): Refusal | null {
  const { memberEpoch, topicPartitions } = request
  if (memberEpoch === JOIN_EPOCH || memberEpoch === current.memberEpoch) return null
  const isPrevious = memberEpoch === current.previousMemberEpoch && memberEpoch < current.memberEpoch
  if (isPrevious && topicPartitions !== null && ownsAll(current.assigned, topicPartitions)) return null
  const order = memberEpoch > current.memberEpoch ? 'greater' : 'smaller'
  return refusal(
    'FENCED_MEMBER_EPOCH',
    `The consumer group member has a ${order} member epoch (${memberEpoch}) than the one known by the group coordinator ` +
      `(${current.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  )
}

function beginAnew(memberId: string): Refusal {
  return refusal('FENCED_MEMBER_EPOCH', `Member ${memberId} is in an unknown state. The member must abandon all its partitions and rejoin.`)
}

function metadataRefusal(turn: GroupTurn, { known, replaces }: Sender, metadata: MemberMetadata): Refusal | null {
  if (!hasRoomFor(turn, metadata)) return refusal('INVALID_REQUEST', 'The member subscribes to more topics than can be stored.')
  const expression = metadata.subscribedTopicRegex
  if (expression === null || expression === (known ?? replaces)?.metadata.subscribedTopicRegex) return null
  const problem = expressionProblem(turn, expression)
  return problem === null ? null : refusal('INVALID_REGULAR_EXPRESSION', problem)
}

/** Writes who the member is. True when the group has to be assigned anew for it. */
function appendSender(turn: GroupTurn, groupId: string, sender: Sender, metadata: MemberMetadata): boolean {
  const { memberId, known, replaces } = sender
  if (replaces !== undefined) replaceMember(turn, findConsumerGroup(turn, groupId) as ConsumerGroup, replaces, memberId)
  const before = (known ?? replaces)?.metadata
  if (before === undefined || !isSameMetadata(before, metadata)) turn.append(metadataRecord(groupId, memberId, metadata))
  return changesSubscription(before, metadata)
}

function setDeadlines(turn: GroupTurn, groupId: string, member: ConsumerGroupMember, hasChanged: boolean): void {
  const { memberId, current, metadata } = member
  const { deadlines } = turn.state.consumers
  deadlines.set(turn, { kind: 'session', groupId, memberId }, turn.monotonicMs + turn.settingsOf(groupId).consumerSessionTimeoutMs)
  // It may have spoken the classic protocol until now.
  for (const kind of ['join', 'sync'] as const) deadlines.clear(turn, { kind, groupId, memberId })
  const revocation = { kind: 'revocation', groupId, memberId } as const
  if (current.state !== MEMBER_STATES.unrevokedPartitions) deadlines.clear(turn, revocation)
  else if (hasChanged) deadlines.set(turn, revocation, turn.monotonicMs + metadata.rebalanceTimeoutMs)
}

function leave(turn: GroupTurn, request: HeartbeatRequest): HeartbeatResponse {
  const { groupId, memberId, memberEpoch, instanceId } = request
  const group = findConsumerGroup(turn, groupId)
  if (group === undefined) return refused(refusal('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`))
  const member = leavingMember(group, request, instanceId)
  if ('errorCode' in member) return refused(member)
  if (memberEpoch === STATIC_LEAVE_EPOCH) goAway(turn, groupId, member)
  else fenceMembers(turn, group, [member.memberId])
  return { throttleTimeMs: 0, errorCode: 0, memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null }
}

function leavingMember(group: ConsumerGroup, request: HeartbeatRequest, instanceId: string | null): ConsumerGroupMember | Refusal {
  if (instanceId === null) {
    const message = `Member ${request.memberId} is not a member of group ${group.groupId}.`
    return group.members.get(request.memberId) ?? refusal('UNKNOWN_MEMBER_ID', message)
  }
  const member = group.memberOfInstance(instanceId)
  return member === undefined ? unknownInstance(instanceId) : (fencedInstance(member, request, instanceId) ?? member)
}

/** A static member will be back within its session: it keeps what it has, but not what it was about to give up. */
function goAway(turn: GroupTurn, groupId: string, { memberId, current }: ConsumerGroupMember): void {
  const { stable } = MEMBER_STATES
  const away = { ...current, state: stable, memberEpoch: STATIC_LEAVE_EPOCH, pendingRevocation: OWNS_NOTHING }
  turn.append(currentRecord(groupId, memberId, away))
  const { deadlines } = turn.state.consumers
  deadlines.set(turn, { kind: 'session', groupId, memberId }, turn.monotonicMs + turn.settingsOf(groupId).consumerSessionTimeoutMs)
  deadlines.clear(turn, { kind: 'revocation', groupId, memberId })
}

function refused({ errorCode, errorMessage }: Refusal): HeartbeatResponse {
  return { throttleTimeMs: 0, errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0, assignment: null }
}
