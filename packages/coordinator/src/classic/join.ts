/** How members join a classic group: newcomers, those who come back with the id that they were given, and those who join again. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { answerJoin, refuseJoin } from './answers.ts'
import { deadlineSet, NEW_MEMBER_TIMEOUT_MS, renewSession } from './deadlines.ts'
import { forgetIfVoid } from './forget.ts'
import { type ClassicMember, hasSameProtocols, type JoinTerms, joinTerms, newMember } from './member.ts'
import { newMemberId } from './member-id.ts'
import { findMember } from './membership.ts'
import { completeJoinIfAllJoined, rebalance, removeMember } from './rebalance.ts'
import type { ClassicState } from './state.ts'
import { replaceStaticMember } from './static-members.ts'
import { updateMember } from './update-member.ts'

/** From this version on a newcomer is given an id first, and joins with it (KIP-394): a client that gives up leaves no member behind. */
const MEMBER_ID_REQUIRED_VERSION = 4
/** What members say of themselves takes memory for as long as they are members: so many times what one record of the log takes. */
const PROTOCOL_BYTES_FACTOR = 4

export function join(turn: GroupTurn, state: ClassicState, call: GroupCall<'JoinGroup'>): void {
  const { memberId, protocolType } = call.body
  const terms = joinTerms(call.body, call.apiVersion)
  const member = state.members.get(memberId)
  if (!hasPlace(state, member, turn.settings.maxSize)) return turnAway(turn, state, call, member)
  const sizeRefusal = checkProtocolBytes(turn, state, member, terms)
  if (sizeRefusal !== ERROR_CODES.NONE) refuseJoin(turn, call, sizeRefusal, memberId)
  else if (!state.supports(protocolType, terms.protocols)) refuseJoin(turn, call, ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL, memberId)
  else if (memberId === '') joinAsNewcomer(turn, state, call, terms)
  else if (state.pendingMembers.has(memberId)) joinWithId(turn, state, call, terms)
  else joinAgain(turn, state, call, terms)
}

/** While members join again, whoever is first has a place, so that a group whose maximum was lowered shrinks. */
function hasPlace(state: ClassicState, member: ClassicMember | undefined, maxSize: number): boolean {
  switch (state.phase) {
    case 'Empty':
      return true
    case 'PreparingRebalance':
      return (member !== undefined && member.awaitingJoin !== null) || state.awaitingJoinCount < maxSize
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || state.members.size < maxSize
  }
}

function turnAway(turn: GroupTurn, state: ClassicState, call: GroupCall<'JoinGroup'>, member: ClassicMember | undefined): void {
  turn.state.pendingMembers.remove(state, call.body.memberId)
  if (member !== undefined) removeMember(turn, state, member)
  refuseJoin(turn, call, ERROR_CODES.GROUP_MAX_SIZE_REACHED, '')
  completeJoinIfAllJoined(turn, state)
}

function checkProtocolBytes(turn: GroupTurn, state: ClassicState, member: ClassicMember | undefined, { protocols }: JoinTerms): ErrorCode {
  const { maxBatchBytes } = turn.settings
  const bytes = bytesOf(protocols)
  if (bytes > maxBatchBytes) return ERROR_CODES.MESSAGE_TOO_LARGE
  const bytesOfOthers = state.protocolBytes - (member === undefined ? 0 : bytesOf(member.protocols))
  return bytesOfOthers + bytes > PROTOCOL_BYTES_FACTOR * maxBatchBytes ? ERROR_CODES.GROUP_MAX_SIZE_REACHED : ERROR_CODES.NONE
}

function bytesOf(protocols: JoinTerms['protocols']): number {
  return protocols.reduce((bytes, { metadata }) => bytes + metadata.length, 0)
}

function joinAsNewcomer(turn: GroupTurn, state: ClassicState, call: GroupCall<'JoinGroup'>, terms: JoinTerms): void {
  const { groupInstanceId } = call.body
  const memberId = newMemberId(groupInstanceId ?? call.client.id, turn.newUuid())
  const replacedId = groupInstanceId === null ? undefined : state.staticMembers.get(groupInstanceId)
  if (replacedId !== undefined) return replaceStaticMember(turn, state, call, terms, { replacedId, memberId })
  if (groupInstanceId !== null || call.apiVersion < MEMBER_ID_REQUIRED_VERSION) return addMember(turn, state, call, terms, memberId)
  const deadlineMs = turn.monotonicMs + terms.sessionTimeoutMs
  const displaced = turn.state.pendingMembers.add(state, memberId, deadlineMs)
  deadlineSet(turn, state, deadlineMs)
  refuseJoin(turn, call, ERROR_CODES.MEMBER_ID_REQUIRED, memberId)
  if (displaced === null) return
  completeJoinIfAllJoined(turn, displaced)
  forgetIfVoid(turn, displaced)
}

/** Only members without an instance id are given one to come back with, so whoever has both has mixed up two members. */
function joinWithId(turn: GroupTurn, state: ClassicState, call: GroupCall<'JoinGroup'>, terms: JoinTerms): void {
  if (call.body.groupInstanceId === null) addMember(turn, state, call, terms, call.body.memberId)
  else refuseJoin(turn, call, ERROR_CODES.UNKNOWN_SERVER_ERROR, '')
}

function addMember(turn: GroupTurn, state: ClassicState, call: GroupCall<'JoinGroup'>, terms: JoinTerms, memberId: string): void {
  const { token, apiVersion, client, body } = call
  turn.state.pendingMembers.remove(state, memberId)
  const member = newMember(memberId, body, terms, client)
  if (state.members.size === 0) state.protocolType = body.protocolType
  state.newMemberAdded = state.isInitialRebalance
  state.add(member)
  state.awaitJoin(member, { token, apiVersion })
  turn.state.connections.add(client.connectionId, state.groupId)
  renewSession(turn, state, member, NEW_MEMBER_TIMEOUT_MS)
  rebalance(turn, state)
}

function joinAgain(turn: GroupTurn, state: ClassicState, call: GroupCall<'JoinGroup'>, terms: JoinTerms): void {
  const { memberId, groupInstanceId } = call.body
  const member = findMember(state, memberId, groupInstanceId)
  if (typeof member === 'number') return refuseJoin(turn, call, member, memberId)
  // The answer to an earlier request was lost, or a follower asks whether anything changed.
  const isUpToDate = state.phase === 'CompletingRebalance' || (state.phase === 'Stable' && !state.isLeader(memberId))
  if (isUpToDate && hasSameProtocols(member, terms.protocols)) return answerJoin(turn, state, call, memberId)
  updateMember(turn, state, member, call, terms)
  rebalance(turn, state)
}
