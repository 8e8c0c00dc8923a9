/**
 * LeaveGroup in a consumer group: members that speak the classic protocol leave, or an operator removes members. Those may speak either
 * protocol: static ones that are gone would otherwise keep their partitions until their session is over.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { Leaver } from '../../group/membership-handlers.ts'
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroup, ConsumerGroupMember } from '../consumer-group.ts'
import { fenceMembers } from '../migration/downgrade.ts'

export function leave(turn: GroupTurn, group: ConsumerGroup, leavers: readonly Leaver[]): ErrorCode[] {
  const leaving = new Set<string>()
  const outcomes = leavers.map((leaver) => {
    const found = findLeaver(group, leaver)
    if (typeof found === 'number') return found
    leaving.add(found.memberId)
    return ERROR_CODES.NONE
  })
  if (leaving.size > 0) fenceMembers(turn, group, [...leaving])
  return outcomes
}

function findLeaver(group: ConsumerGroup, { memberId, groupInstanceId }: Leaver): ConsumerGroupMember | ErrorCode {
  const member = groupInstanceId === null ? group.members.get(memberId) : group.memberOfInstance(groupInstanceId)
  if (member === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
  // A tool names the instance alone.
  const isNamedByInstance = memberId === '' && groupInstanceId !== null
  return isNamedByInstance || member.memberId === memberId ? member : ERROR_CODES.FENCED_INSTANCE_ID
}
