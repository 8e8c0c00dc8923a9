/** A member of a classic group is heard of again. */
import { ERROR_CODES } from '@millrace/protocol'
import type { GroupCall, GroupClient } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { refuseJoin } from './answers.ts'
import type { ClassicMember, JoinTerms } from './member.ts'
import type { ClassicState } from './state.ts'

/** A member joins again, with what it says of itself now. Whoever waits in its name was given up by it. */
export function updateMember(
  turn: GroupTurn,
  state: ClassicState,
  member: ClassicMember,
  { token, apiVersion, client }: GroupCall<'JoinGroup'>,
  terms: JoinTerms,
): void {
  state.setProtocols(member, terms.protocols)
  member.sessionTimeoutMs = terms.sessionTimeoutMs
  member.rebalanceTimeoutMs = terms.rebalanceTimeoutMs
  heardFrom(turn, state, member, client)
  const earlier = state.awaitJoin(member, { token, apiVersion })
  if (earlier !== null) refuseJoin(turn, earlier, ERROR_CODES.REBALANCE_IN_PROGRESS, member.memberId)
}

/** Remembers on which connection, whose end may be its end. */
export function heardFrom(turn: GroupTurn, state: ClassicState, member: ClassicMember, { connectionId }: GroupClient): void {
  if (member.connectionId === connectionId) return
  member.connectionId = connectionId
  turn.state.connections.add(connectionId, state.groupId)
}
