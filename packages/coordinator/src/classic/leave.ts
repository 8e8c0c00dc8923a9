/** LeaveGroup in a classic group: members leave of their own accord, or an operator removes static ones by their instance ids. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupTurn } from '../group/turn.ts'
import { findMember } from './membership.ts'
import { membersLeft, removeMember } from './rebalance.ts'
import type { ClassicState } from './state.ts'

export interface Leaver {
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** One outcome for each. The others rebalance once, however many leave. */
export function leave(turn: GroupTurn, state: ClassicState, leavers: readonly Leaver[]): ErrorCode[] {
  const outcomes = leavers.map((leaver) => leaveOne(turn, state, leaver))
  // Also when only ids went that nobody had joined with: Kafka lets the others join again, so clients know it.
  if (outcomes.includes(ERROR_CODES.NONE)) membersLeft(turn, state)
  return outcomes
}

function leaveOne(turn: GroupTurn, state: ClassicState, { memberId, groupInstanceId }: Leaver): ErrorCode {
  if (state.pendingMembers.has(memberId)) {
    turn.state.pendingMembers.remove(state, memberId)
    return ERROR_CODES.NONE
  }
  const isNamedByInstance = memberId === '' && groupInstanceId !== null
  const actualId = isNamedByInstance ? (state.staticMembers.get(groupInstanceId) ?? '') : memberId
  const member = findMember(state, actualId, groupInstanceId)
  if (typeof member === 'number') return member
  removeMember(turn, state, member)
  return ERROR_CODES.NONE
}
