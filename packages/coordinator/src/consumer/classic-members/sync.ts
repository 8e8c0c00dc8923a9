/** SyncGroup of a member of a consumer group that speaks the classic protocol: what it was assigned when it joined. Nobody waits. */
import { CONSUMER_PROTOCOL_TYPE, ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { refuseSync } from '../../classic/answers.ts'
import type { GroupCall } from '../../group/requests.ts'
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroup } from '../consumer-group.ts'
import { MEMBER_STATES } from '../reconciliation.ts'
import { isPaused } from '../target-assignment.ts'
import { ownedBytes } from './embedded-protocol.ts'
import { type ClassicMember, findClassicMember } from './find-classic-member.ts'
import { expectJoin } from './must-join.ts'

export function sync(turn: GroupTurn, group: ConsumerGroup, call: GroupCall<'SyncGroup'>): void {
  const { memberId, groupInstanceId, protocolType, protocolName } = call.body
  const found = findClassicMember(group, memberId, groupInstanceId)
  if (typeof found === 'number') return refuseSync(turn, call, found)
  const refusal = check(turn, group, found, call)
  if (refusal !== ERROR_CODES.NONE) return refuseSync(turn, call, refusal)
  const { groupId } = group
  const { deadlines } = turn.state.consumers
  deadlines.clear(turn, { kind: 'sync', groupId, memberId })
  deadlines.set(turn, { kind: 'session', groupId, memberId }, turn.monotonicMs + found.classic.sessionTimeoutMs)
  const assignment = ownedBytes(found.member.current.assigned, found.classic, turn.topics)
  turn.reply(call.token, 'SyncGroup', { errorCode: ERROR_CODES.NONE, protocolType, protocolName, assignment })
}

function check(turn: GroupTurn, group: ConsumerGroup, { member, classic }: ClassicMember, { body }: GroupCall<'SyncGroup'>): ErrorCode {
  const { memberEpoch, state } = member.current
  if (body.generationId !== memberEpoch) return ERROR_CODES.ILLEGAL_GENERATION
  const isOtherType = body.protocolType !== null && body.protocolType !== CONSUMER_PROTOCOL_TYPE
  const isOtherProtocol = body.protocolName !== null && body.protocolName !== classic.supportedProtocols[0]?.name
  if (isOtherType || isOtherProtocol) return ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL
  // Who has joined already and is to give something up does that first.
  if (group.groupEpoch <= memberEpoch || state === MEMBER_STATES.unrevokedPartitions) return ERROR_CODES.NONE
  // Joining again would bring it no further, and it would do so again and again.
  if (group.assignmentEpoch <= memberEpoch && isPaused(turn, group)) return ERROR_CODES.NONE
  expectJoin(turn, group, member)
  return ERROR_CODES.REBALANCE_IN_PROGRESS
}
