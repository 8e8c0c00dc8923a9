/** Heartbeat in a classic group: a member is there, and learns whether the group is under way to another generation. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { renewSession } from './deadlines.ts'
import { findMember } from './membership.ts'
import type { ClassicState } from './state.ts'
import { heardFrom } from './update-member.ts'

export function heartbeat(turn: GroupTurn, state: ClassicState, { body, client }: GroupCall<'Heartbeat'>): ErrorCode {
  const member = findMember(state, body.memberId, body.groupInstanceId)
  if (typeof member === 'number') return member
  if (body.generationId !== state.generationId) return ERROR_CODES.ILLEGAL_GENERATION
  heardFrom(turn, state, member, client)
  renewSession(turn, state, member)
  return state.phase === 'PreparingRebalance' ? ERROR_CODES.REBALANCE_IN_PROGRESS : ERROR_CODES.NONE
}
