/**
 * JoinGroup of a member that speaks the classic protocol, in a consumer group. The coordinator assigns, so nobody leads, and the answer
 * comes at once: the generation is the member's epoch. It asks with SyncGroup what it has got, and joins again when it is told to.
 */
import { CONSUMER_PROTOCOL_TYPE, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { refuseJoin } from '../../classic/answers.ts'
import { type JoinTerms, joinTerms } from '../../classic/member.ts'
import { classicMembership } from '../../classic/membership-handlers.ts'
import type { GroupCall } from '../../group/requests.ts'
import type { GroupTurn } from '../../group/turn.ts'
import type { MemberMetadata } from '../../records/consumer-group-records.ts'
import { type ConsumerGroup, type ConsumerGroupMember, memberOf } from '../consumer-group.ts'
import { changesSubscription, isSameMetadata, topicNames } from '../member-metadata.ts'
import { hasRoomFor, metadataRecord } from '../member-records.ts'
import { reconcileMember, replaceMember, updateGroupEpoch } from '../membership.ts'
import { downgradeForStaticMember } from '../migration/downgrade.ts'
import { updateTargetAssignment } from '../target-assignment.ts'
import { type EmbeddedSubscription, subscriptionOf } from './embedded-protocol.ts'

type JoinCall = GroupCall<'JoinGroup'>

/** From this version on a newcomer is given an id first, and joins with it (KIP-394). */
const MEMBER_ID_REQUIRED_VERSION = 4

interface Joiner {
  readonly memberId: string
  readonly known?: ConsumerGroupMember
  /** A static member whose place it takes. */
  readonly replaces?: ConsumerGroupMember
}

export function join(turn: GroupTurn, group: ConsumerGroup, call: JoinCall): void {
  const { body, apiVersion } = call
  const terms = joinTerms(body, apiVersion)
  const subscription = subscriptionOf(terms.protocols, turn.topics)
  const joiner = joinerIn(turn, group, call)
  const refusal = typeof joiner === 'number' ? joiner : check(turn, group, call, terms, joiner)
  if (refusal !== ERROR_CODES.NONE || typeof joiner === 'number') return refuseJoin(turn, call, refusal, body.memberId)
  if (subscription === null) return refuseJoin(turn, call, ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL, body.memberId)
  if (apiVersion >= MEMBER_ID_REQUIRED_VERSION && body.memberId === '' && body.groupInstanceId === null) {
    return refuseJoin(turn, call, ERROR_CODES.MEMBER_ID_REQUIRED, joiner.memberId)
  }
  const downgraded = joiner.replaces === undefined ? null : downgradeForStaticMember(turn, group, joiner.replaces)
  if (downgraded !== null) return classicMembership.join(turn, downgraded, call)
  joinAs(turn, group, call, { terms, subscription, joiner })
}

/** Whoever it says to be, if it can be that. Unknown ids are taken: they were given out, or are of members that were fenced. */
function joinerIn(turn: GroupTurn, group: ConsumerGroup, { body, client }: JoinCall): Joiner | ErrorCode {
  const { memberId, groupInstanceId } = body
  const known = groupInstanceId === null ? group.members.get(memberId) : group.memberOfInstance(groupInstanceId)
  if (memberId === '') {
    const newcomer = { memberId: `${groupInstanceId ?? client.id}-${turn.newUuid()}` }
    return known === undefined ? newcomer : { ...newcomer, replaces: known }
  }
  if (groupInstanceId !== null && known === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
  if (known === undefined) return { memberId }
  return known.memberId === memberId ? { memberId, known } : ERROR_CODES.FENCED_INSTANCE_ID
}

function check(turn: GroupTurn, group: ConsumerGroup, call: JoinCall, { protocols }: JoinTerms, joiner: Joiner): ErrorCode {
  const isNew = joiner.known === undefined && joiner.replaces === undefined
  if (isNew && group.members.size >= turn.settings.consumerMaxSize) return ERROR_CODES.GROUP_MAX_SIZE_REACHED
  const others = [...group.members.values()].filter((member) => member !== joiner.known && member !== joiner.replaces)
  const isShared = protocols.some(({ name }) => others.every((member) => supports(member, name)))
  return call.body.protocolType === CONSUMER_PROTOCOL_TYPE && isShared ? ERROR_CODES.NONE : ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL
}

/** Should the group become a classic one, its members have to have an assignor that all of them know. */
function supports({ metadata }: ConsumerGroupMember, protocol: string): boolean {
  const classic = metadata.classicMemberMetadata
  return classic === null || classic.supportedProtocols.some(({ name }) => name === protocol)
}

interface Joining {
  readonly terms: JoinTerms
  readonly subscription: EmbeddedSubscription
  readonly joiner: Joiner
}

function joinAs(turn: GroupTurn, group: ConsumerGroup, call: JoinCall, { terms, subscription, joiner }: Joining): void {
  const { memberId, known, replaces } = joiner
  const before = (known ?? replaces)?.metadata
  const metadata = metadataFrom(call, terms, subscription, before)
  if (!hasRoomFor(turn, metadata)) return refuseJoin(turn, call, ERROR_CODES.MESSAGE_TOO_LARGE, memberId)
  if (replaces !== undefined) replaceMember(turn, group, replaces, memberId)
  if (before === undefined || !isSameMetadata(before, metadata)) turn.append(metadataRecord(group.groupId, memberId, metadata))
  updateGroupEpoch(turn, group, memberId, changesSubscription(before, metadata))
  updateTargetAssignment(turn, group, memberId)
  if (!reconcileMember(turn, group, memberId, subscription.owned)) return refuseJoin(turn, call, ERROR_CODES.UNKNOWN_MEMBER_ID, memberId)
  setDeadlines(turn, group.groupId, memberId, terms)
  turn.reply(call.token, 'JoinGroup', {
    errorCode: ERROR_CODES.NONE,
    generationId: memberOf(group, memberId).current.memberEpoch,
    protocolType: CONSUMER_PROTOCOL_TYPE,
    protocolName: terms.protocols[0]?.name ?? null,
    leader: '',
    memberId,
    members: [],
  })
}

function metadataFrom(
  { body, client }: JoinCall,
  terms: JoinTerms,
  subscription: EmbeddedSubscription,
  before: MemberMetadata | undefined,
): MemberMetadata {
  return {
    instanceId: body.groupInstanceId ?? before?.instanceId ?? null,
    rackId: subscription.rackId ?? before?.rackId ?? null,
    clientId: client.id,
    clientHost: client.host,
    subscribedTopicNames: topicNames(subscription.topicNames),
    subscribedTopicRegex: null,
    rebalanceTimeoutMs: terms.rebalanceTimeoutMs,
    serverAssignor: before?.serverAssignor ?? null,
    classicMemberMetadata: { sessionTimeoutMs: terms.sessionTimeoutMs, supportedProtocols: terms.protocols },
  }
}

function setDeadlines(turn: GroupTurn, groupId: string, memberId: string, terms: JoinTerms): void {
  const { deadlines } = turn.state.consumers
  deadlines.set(turn, { kind: 'session', groupId, memberId }, turn.monotonicMs + terms.sessionTimeoutMs)
  deadlines.set(turn, { kind: 'sync', groupId, memberId }, turn.monotonicMs + terms.rebalanceTimeoutMs)
  deadlines.clear(turn, { kind: 'join', groupId, memberId })
  deadlines.clear(turn, { kind: 'revocation', groupId, memberId })
}
