/** A classic group goes on where the broker that led it before left it. */
import { renewSession } from './deadlines.ts'
import type { GroupTurn } from '../group/turn.ts'
import type { ClassicMember } from './member.ts'
import { prepareRebalance } from './rebalance.ts'
import type { ClassicState, GroupMetadataValue } from './state.ts'
import { subscribedTopics } from './subscribed-topics.ts'

/** Heard on no connection yet. */
const NO_CONNECTION = -1

/** Members have their whole session again to find this broker. Who waited for an answer does not any more. */
export function resume(turn: GroupTurn, state: ClassicState): void {
  const { persisted } = state
  if (persisted === null) return
  state.generationId = persisted.generation
  state.protocolType = persisted.protocolType === '' ? null : persisted.protocolType
  state.protocolName = persisted.protocol
  for (const each of persisted.members) state.add(toMember(each, persisted.protocol ?? ''))
  if (persisted.leader !== null && state.members.has(persisted.leader)) state.leaderId = persisted.leader
  state.phase = state.members.size === 0 ? 'Empty' : 'Stable'
  state.phaseSinceMs = persisted.currentStateTimestamp === -1 ? null : persisted.currentStateTimestamp
  state.subscribedTopics = subscribedTopics(state)
  for (const member of state.members.values()) renewSession(turn, state, member)
  // The maximum was lowered since.
  if (state.members.size > turn.settings.maxSize) prepareRebalance(turn, state)
}

function toMember(persisted: GroupMetadataValue['members'][number], protocol: string): ClassicMember {
  const { memberId, groupInstanceId, clientId, clientHost, sessionTimeout, rebalanceTimeout, subscription, assignment } = persisted
  return {
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    connectionId: NO_CONNECTION,
    sessionTimeoutMs: sessionTimeout,
    // Records of version 0 have one timeout for both.
    rebalanceTimeoutMs: rebalanceTimeout === -1 ? sessionTimeout : rebalanceTimeout,
    protocols: [{ name: protocol, metadata: subscription }],
    assignment,
    isNew: false,
    knowsItsId: true,
    sessionDeadlineMs: Number.POSITIVE_INFINITY,
    awaitingJoin: null,
    awaitingSync: null,
  }
}
