/** The end of classic groups of which nothing would be missed. */
import { rememberIfGone } from '../group/find-group.ts'
import type { GroupTurn } from '../group/turn.ts'
import { cancelTimer } from './deadlines.ts'
import type { ClassicState } from './state.ts'

/** Nobody is in it, nobody is on the way, and nothing of it was written. */
export function isVoid(state: ClassicState): boolean {
  return state.phase === 'Empty' && state.pendingMembers.size === 0 && state.persisted === null
}

export function forgetIfVoid(turn: GroupTurn, state: ClassicState): void {
  if (!isVoid(state)) return
  cancelTimer(turn, state)
  turn.state.groups.delete(state.groupId)
  rememberIfGone(turn.state, state.groupId)
}
