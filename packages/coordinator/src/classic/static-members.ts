/**
 * A static member (KIP-345) comes back under a new member id: it takes the place of the one with the same instance id, which may still
 * be running and is fenced. If nothing changes for the others, they notice nothing.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { answerJoin, refuseJoin, refuseSync } from './answers.ts'
import { renewSession } from './deadlines.ts'
import type { ClassicMember, JoinTerms } from './member.ts'
import { groupMetadata } from './persist.ts'
import { completeJoinIfAllJoined, prepareRebalance } from './rebalance.ts'
import type { ClassicState } from './state.ts'
import { updateMember } from './update-member.ts'

/** From this version on a leader that comes back can be told that there is nothing to assign (KIP-814); older ones must not lead. */
const SKIP_ASSIGNMENT_VERSION = 9

export function replaceStaticMember(
  turn: GroupTurn,
  state: ClassicState,
  call: GroupCall<'JoinGroup'>,
  terms: JoinTerms,
  { replacedId, memberId }: { readonly replacedId: string; readonly memberId: string },
): void {
  const leaderBefore = state.leaderId
  const member = takePlace(turn, state, call, state.members.get(replacedId) as ClassicMember, memberId)
  updateMember(turn, state, member, call, terms)
  renewSession(turn, state, member)
  if (state.phase === 'PreparingRebalance') return completeJoinIfAllJoined(turn, state)
  // While the leader assigns, it knows the member by the id that it does not have any more.
  if (state.phase !== 'Stable' || state.selectProtocol() !== state.protocolName) return prepareRebalance(turn, state)
  const metadata = groupMetadata(state, (id) => state.members.get(id)?.assignment)
  if (!turn.fits([metadata])) return prepareRebalance(turn, state)
  turn.append(metadata)
  state.takeJoinWaiter(member)
  if (call.apiVersion >= SKIP_ASSIGNMENT_VERSION) {
    return answerJoin(turn, state, call, memberId, { skipAssignment: state.isLeader(memberId) })
  }
  answerJoin(turn, state, call, memberId, { leaderId: leaderBefore, members: false })
}

/** The one who was there is told so, whatever it waits for. */
function takePlace(
  turn: GroupTurn,
  state: ClassicState,
  { client }: GroupCall<'JoinGroup'>,
  replaced: ClassicMember,
  memberId: string,
): ClassicMember {
  const joinWaiter = state.takeJoinWaiter(replaced)
  if (joinWaiter !== null) refuseJoin(turn, joinWaiter, ERROR_CODES.FENCED_INSTANCE_ID, replaced.memberId)
  if (replaced.awaitingSync !== null) refuseSync(turn, replaced.awaitingSync, ERROR_CODES.FENCED_INSTANCE_ID)
  turn.state.connections.add(client.connectionId, state.groupId)
  const member: ClassicMember = {
    ...replaced,
    memberId,
    clientId: client.id,
    clientHost: client.host,
    connectionId: client.connectionId,
    isNew: false,
    awaitingSync: null,
  }
  state.replace(replaced, member)
  return member
}
