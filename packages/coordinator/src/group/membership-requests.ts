/**
 * JoinGroup (versions 0-9), SyncGroup (0-5), Heartbeat (0-4) and LeaveGroup (0-5), up to the point where the group itself decides.
 *
 * Version notes: SyncGroup must name type and protocol of the group from 5 on; LeaveGroup takes one member and answers with its
 * outcome before 3, and several with an outcome for each from 3 on. The reasons that members give are not kept.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { refuseJoin, refuseSync } from '../classic/answers.ts'
import { ClassicGroup } from '../classic/classic-group.ts'
import { classicMembership } from '../classic/membership-handlers.ts'
import { consumerMembership } from '../consumer/classic-members/membership-handlers.ts'
import type { Group, GroupType } from './group.ts'
import { isStorableName } from './names.ts'
import type { MembershipHandlers } from './membership-handlers.ts'
import type { GroupCall } from './requests.ts'
import type { GroupTurn } from './turn.ts'

const NAMED_PROTOCOL_VERSION = 5
const LEAVE_SEVERAL_VERSION = 3

const MEMBERSHIP: { readonly [Type in GroupType]: MembershipHandlers<never> } = {
  classic: classicMembership,
  consumer: consumerMembership,
}

function membershipOf(group: Group): MembershipHandlers<Group> {
  return MEMBERSHIP[group.type] as unknown as MembershipHandlers<Group>
}

export function onJoinGroup(turn: GroupTurn, call: GroupCall<'JoinGroup'>): void {
  const { groupId, memberId, sessionTimeoutMs } = call.body
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = turn.settings
  if (groupId === '' || !isStorableName(groupId)) return refuseJoin(turn, call, ERROR_CODES.INVALID_GROUP_ID, memberId)
  if (!namesOf(call).every(isStorableName)) return refuseJoin(turn, call, ERROR_CODES.INVALID_REQUEST, memberId)
  if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
    return refuseJoin(turn, call, ERROR_CODES.INVALID_SESSION_TIMEOUT, memberId)
  }
  const group = groupToJoin(turn, groupId, memberId)
  if (group === null) refuseJoin(turn, call, ERROR_CODES.UNKNOWN_MEMBER_ID, memberId)
  else membershipOf(group).join(turn, group, call)
}

function namesOf({ body, client }: GroupCall<'JoinGroup'>): (string | null)[] {
  return [body.memberId, body.groupInstanceId, body.protocolType, client.id, ...body.protocols.map(({ name }) => name)]
}

/** The group, a new one for a newcomer, or null: of a group that is not there nobody can be a member. */
function groupToJoin(turn: GroupTurn, groupId: string, memberId: string): Group | null {
  const known = turn.state.groups.get(groupId)
  // Of an empty group nothing stays but its offsets, so the next member may speak another protocol.
  const isReplaced = known?.type === 'consumer' && known.checkDelete() === ERROR_CODES.NONE
  if (known !== undefined && !isReplaced) return known
  if (memberId !== '') return null
  known?.delete(turn)
  const group = new ClassicGroup(groupId)
  turn.state.groups.set(groupId, group)
  return group
}

export function onSyncGroup(turn: GroupTurn, call: GroupCall<'SyncGroup'>): void {
  const { groupId, protocolType, protocolName } = call.body
  if (call.apiVersion >= NAMED_PROTOCOL_VERSION && (protocolType === null || protocolName === null)) {
    return refuseSync(turn, call, ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL)
  }
  if (groupId === '') return refuseSync(turn, call, ERROR_CODES.INVALID_GROUP_ID)
  const group = turn.state.groups.get(groupId)
  if (group === undefined) refuseSync(turn, call, ERROR_CODES.UNKNOWN_MEMBER_ID)
  else membershipOf(group).sync(turn, group, call)
}

export function onHeartbeat(turn: GroupTurn, call: GroupCall<'Heartbeat'>): void {
  turn.reply(call.token, 'Heartbeat', { errorCode: heartbeat(turn, call) })
}

function heartbeat(turn: GroupTurn, call: GroupCall<'Heartbeat'>): ErrorCode {
  const { groupId } = call.body
  if (groupId === '') return ERROR_CODES.INVALID_GROUP_ID
  const group = turn.state.groups.get(groupId)
  return group === undefined ? ERROR_CODES.UNKNOWN_MEMBER_ID : membershipOf(group).heartbeat(turn, group, call)
}

export function onLeaveGroup(turn: GroupTurn, { token, apiVersion, body }: GroupCall<'LeaveGroup'>): void {
  if (body.groupId === '') return turn.reply(token, 'LeaveGroup', { errorCode: ERROR_CODES.INVALID_GROUP_ID })
  const isSingle = apiVersion < LEAVE_SEVERAL_VERSION
  const leavers = isSingle ? [{ memberId: body.memberId, groupInstanceId: null }] : body.members
  const group = turn.state.groups.get(body.groupId)
  const outcomes = group === undefined ? leavers.map(() => ERROR_CODES.UNKNOWN_MEMBER_ID) : membershipOf(group).leave(turn, group, leavers)
  if (isSingle) return turn.reply(token, 'LeaveGroup', { errorCode: outcomes[0] as ErrorCode })
  const members = leavers.map(({ memberId, groupInstanceId }, index) => ({
    memberId,
    groupInstanceId,
    errorCode: outcomes[index] as ErrorCode,
  }))
  turn.reply(token, 'LeaveGroup', { errorCode: ERROR_CODES.NONE, members })
}
