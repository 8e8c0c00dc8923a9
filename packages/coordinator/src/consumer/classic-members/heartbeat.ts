/** Heartbeat of a member of a consumer group that speaks the classic protocol. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupCall } from '../../group/requests.ts'
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroup } from '../consumer-group.ts'
import { updateGroupEpoch } from '../membership.ts'
import { findClassicMember } from './find-classic-member.ts'
import { expectJoin, mustJoin } from './must-join.ts'

export function heartbeat(turn: GroupTurn, group: ConsumerGroup, { body }: GroupCall<'Heartbeat'>): ErrorCode {
  const { memberId, groupInstanceId, generationId } = body
  const found = findClassicMember(group, memberId, groupInstanceId)
  if (typeof found === 'number') return found
  const { member, classic } = found
  if (generationId !== member.current.memberEpoch) return ERROR_CODES.ILLEGAL_GENERATION
  const { groupId } = group
  turn.state.consumers.deadlines.set(turn, { kind: 'session', groupId, memberId }, turn.monotonicMs + classic.sessionTimeoutMs)
  updateGroupEpoch(turn, group, memberId, false)
  if (!mustJoin(group, member)) return ERROR_CODES.NONE
  expectJoin(turn, group, member)
  return ERROR_CODES.REBALANCE_IN_PROGRESS
}
