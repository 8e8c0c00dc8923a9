/** A connection is closed that members of a classic group were last heard on. */
import type { GroupTurn } from '../group/turn.ts'
import type { ClassicMember } from './member.ts'
import { membersLeft, removeMember } from './rebalance.ts'
import type { ClassicState } from './state.ts'

/**
 * A static member comes back, that is what it is for. Any other may, within its session, but if the operator says so it is taken for
 * gone at once. One that joined without an id cannot come back: its answer, and with it its id, goes to nobody.
 */
export function disconnected(turn: GroupTurn, state: ClassicState, connectionId: number): void {
  const gone = [...state.members.values()].filter((member) => member.connectionId === connectionId && isGone(turn, member))
  if (gone.length === 0) return
  for (const member of gone) removeMember(turn, state, member)
  membersLeft(turn, state)
}

function isGone(turn: GroupTurn, { groupInstanceId, isNew, knowsItsId }: ClassicMember): boolean {
  if (isNew && !knowsItsId) return true
  return groupInstanceId === null && turn.settings.removeDisconnectedMembers
}
