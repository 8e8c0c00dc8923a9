/**
 * The deadlines of a classic group: sessions, ids that were given out, joining, asking for assignments. One timer serves them all. It is
 * set when a deadline comes before the one it is set for, so that heartbeats, which move deadlines away, cost nothing; when it fires,
 * it is set for the first that is left.
 */
import type { GroupTurn } from '../group/turn.ts'
import { timerKey } from '../group/timer-key.ts'
import type { ClassicMember } from './member.ts'
import type { ClassicState } from './state.ts'

/** Waiting for the answer to its first JoinGroup a member cannot show that it is there. */
export const NEW_MEMBER_TIMEOUT_MS = 5 * 60_000

export function deadlineSet(turn: GroupTurn, state: ClassicState, dueMs: number): void {
  if (dueMs >= state.timerDueMs) return
  state.timerDueMs = dueMs
  turn.setTimer(timerKey('classic-group', state.groupId), dueMs)
}

export function renewSession(turn: GroupTurn, state: ClassicState, member: ClassicMember, timeoutMs = member.sessionTimeoutMs): void {
  member.sessionDeadlineMs = turn.monotonicMs + timeoutMs
  deadlineSet(turn, state, member.sessionDeadlineMs)
}

/** Sets the timer for what is due first, after it has fired. */
export function setTimerAnew(turn: GroupTurn, state: ClassicState): void {
  state.timerDueMs = Number.POSITIVE_INFINITY
  deadlineSet(turn, state, state.nextDeadlineMs())
}

export function cancelTimer(turn: GroupTurn, state: ClassicState): void {
  if (state.timerDueMs === Number.POSITIVE_INFINITY) return
  state.timerDueMs = Number.POSITIVE_INFINITY
  turn.cancelTimer(timerKey('classic-group', state.groupId))
}
