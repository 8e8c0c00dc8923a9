/** The group's timer fired: whatever was due is over. */
import type { GroupTurn } from '../group/turn.ts'
import { setTimerAnew } from './deadlines.ts'
import { forgetIfVoid } from './forget.ts'
import { completeJoinIfAllJoined, joinDeadlinePassed, membersLeft, removeMember, syncDeadlinePassed } from './rebalance.ts'
import type { ClassicState } from './state.ts'

export function deadlinesPassed(turn: GroupTurn, state: ClassicState): void {
  const { monotonicMs } = turn
  const membersBefore = state.members.size
  for (const [memberId, deadlineMs] of state.pendingMembers) {
    if (deadlineMs <= monotonicMs) turn.state.pendingMembers.remove(state, memberId)
  }
  for (const member of state.members.values()) {
    if (member.sessionDeadlineMs > monotonicMs) continue
    const isWaiting = member.awaitingJoin !== null || member.awaitingSync !== null
    if (isWaiting && !member.isNew) member.sessionDeadlineMs = Number.POSITIVE_INFINITY
    else removeMember(turn, state, member)
  }
  if (state.members.size < membersBefore) membersLeft(turn, state)
  else completeJoinIfAllJoined(turn, state)
  if (state.joinDeadline !== null && state.joinDeadline.dueMs <= monotonicMs) joinDeadlinePassed(turn, state)
  if (state.syncDeadlineMs !== null && state.syncDeadlineMs <= monotonicMs) syncDeadlinePassed(turn, state)
  setTimerAnew(turn, state)
  forgetIfVoid(turn, state)
}
