/** LeaveGroup in a consumer group: members that speak the classic protocol leave, or static ones of them are removed by instance id. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Leaver } from '../../group/membership-handlers.ts'
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroup } from '../consumer-group.ts'
import { removeMembers } from '../membership.ts'
import { findClassicMember } from './find-classic-member.ts'

export function leave(turn: GroupTurn, group: ConsumerGroup, leavers: readonly Leaver[]): ErrorCode[] {
  const leaving = new Set<string>()
  const outcomes = leavers.map(({ memberId, groupInstanceId }) => {
    const isNamedByInstance = memberId === '' && groupInstanceId !== null
    const actualId = isNamedByInstance ? (group.memberOfInstance(groupInstanceId)?.memberId ?? '') : memberId
    const found = findClassicMember(group, actualId, groupInstanceId)
    if (typeof found === 'number') return found
    if (leaving.has(actualId)) return ERROR_CODES.UNKNOWN_MEMBER_ID
    leaving.add(actualId)
    return ERROR_CODES.NONE
  })
  if (leaving.size > 0) removeMembers(turn, group, [...leaving])
  return outcomes
}
