/** Answers to those who wait in a classic group. Each waiter is answered once. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupTurn } from '../group/turn.ts'
import { type ClassicMember, metadataOf, NO_ASSIGNMENT, type Waiter } from './member.ts'
import type { ClassicState } from './state.ts'

/** From this version on an answer without a protocol has null for it; older clients expect an empty string. */
const NULL_PROTOCOL_VERSION = 7

export function refuseJoin(turn: GroupTurn, { token, apiVersion }: Waiter, errorCode: ErrorCode, memberId: string): void {
  const protocolName = apiVersion < NULL_PROTOCOL_VERSION ? '' : null
  turn.reply(token, 'JoinGroup', { errorCode, protocolName, leader: '', memberId, members: [] })
}

/** Tells a member of the generation that it is part of. Only the leader learns of the others. */
export function answerJoin(
  turn: GroupTurn,
  state: ClassicState,
  waiter: Waiter,
  memberId: string,
  { leaderId = state.leaderId, members = state.isLeader(memberId), skipAssignment = false } = {},
): void {
  turn.reply(waiter.token, 'JoinGroup', {
    errorCode: ERROR_CODES.NONE,
    generationId: state.generationId,
    protocolType: state.protocolType,
    protocolName: state.protocolName,
    leader: leaderId ?? '',
    skipAssignment,
    memberId,
    members: members ? membersForLeader(state) : [],
  })
}

function membersForLeader(state: ClassicState) {
  return [...state.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, state.protocolName),
  }))
}

export function refuseSync(turn: GroupTurn, { token }: Waiter, errorCode: ErrorCode): void {
  turn.reply(token, 'SyncGroup', { errorCode, assignment: NO_ASSIGNMENT })
}

export function answerSync(turn: GroupTurn, state: ClassicState, { token }: Waiter, member: ClassicMember): void {
  const { protocolType, protocolName } = state
  turn.reply(token, 'SyncGroup', { errorCode: ERROR_CODES.NONE, protocolType, protocolName, assignment: member.assignment })
}
