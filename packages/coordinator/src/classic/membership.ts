/** Is who asks a member of the classic group? */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { ClassicMember } from './member.ts'
import type { ClassicState } from './state.ts'

/** The member of the given id, or why it is none: a static one whose instance id another member id has by now was replaced. */
export function findMember(state: ClassicState, memberId: string, groupInstanceId: string | null): ClassicMember | ErrorCode {
  if (groupInstanceId !== null) {
    const current = state.staticMembers.get(groupInstanceId)
    if (current === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
    if (current !== memberId) return ERROR_CODES.FENCED_INSTANCE_ID
  }
  return state.members.get(memberId) ?? ERROR_CODES.UNKNOWN_MEMBER_ID
}
