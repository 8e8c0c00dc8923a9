/**
 * How a classic group gets from one generation to the next: all members join again (PreparingRebalance), one of them assigns
 * (CompletingRebalance), each asks what it was assigned.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupTurn } from '../group/turn.ts'
import { answerJoin, answerSync, refuseJoin, refuseSync } from './answers.ts'
import { deadlineSet, renewSession } from './deadlines.ts'
import { type ClassicMember, NO_ASSIGNMENT } from './member.ts'
import { persist } from './persist.ts'
import type { ClassicState } from './state.ts'
import { subscribedTopics } from './subscribed-topics.ts'

/** Something changed that concerns the assignment: the members join again, or one that was missed has joined. */
export function rebalance(turn: GroupTurn, state: ClassicState): void {
  if (state.phase === 'PreparingRebalance') completeJoinIfAllJoined(turn, state)
  else prepareRebalance(turn, state)
}

export function prepareRebalance(turn: GroupTurn, state: ClassicState): void {
  if (state.phase === 'CompletingRebalance') refuseSyncs(turn, state, ERROR_CODES.REBALANCE_IN_PROGRESS)
  state.pendingSync.clear()
  state.syncDeadlineMs = null
  const isInitial = state.phase === 'Empty'
  state.enter('PreparingRebalance', turn.nowMs)
  const delayMs = turn.settings.initialRebalanceDelayMs
  if (isInitial && delayMs > 0) setJoinDeadline(turn, state, delayMs, Math.max(0, rebalanceTimeoutMs(state) - delayMs))
  else if (isInitial || state.allMembersJoined) completeJoin(turn, state)
  else setJoinDeadline(turn, state, rebalanceTimeoutMs(state))
}

/** Somebody that a rebalance waited for is here or gone. The first rebalance of a group waits for its delay all the same. */
export function completeJoinIfAllJoined(turn: GroupTurn, state: ClassicState): void {
  if (state.phase === 'PreparingRebalance' && !state.isInitialRebalance && state.allMembersJoined) completeJoin(turn, state)
}

/** The time to join is over, or in the first rebalance its delay. */
export function joinDeadlinePassed(turn: GroupTurn, state: ClassicState): void {
  const initial = state.joinDeadline?.initial ?? null
  if (initial === null || !state.newMemberAdded || initial.remainingMs === 0) return completeJoin(turn, state)
  state.newMemberAdded = false
  const delayMs = Math.min(turn.settings.initialRebalanceDelayMs, initial.remainingMs)
  setJoinDeadline(turn, state, delayMs, Math.max(0, initial.remainingMs - initial.delayMs))
}

/** The time to ask for assignments is over: who did not is taken for gone. */
export function syncDeadlinePassed(turn: GroupTurn, state: ClassicState): void {
  state.syncDeadlineMs = null
  for (const memberId of state.pendingSync) removeMember(turn, state, state.members.get(memberId) as ClassicMember)
  prepareRebalance(turn, state)
}

/** Takes a member out of the group. Whatever it waits for, it is told that it is none, so that it joins anew if it is there still. */
export function removeMember(turn: GroupTurn, state: ClassicState, member: ClassicMember): void {
  const joinWaiter = state.takeJoinWaiter(member)
  if (joinWaiter !== null) refuseJoin(turn, joinWaiter, ERROR_CODES.UNKNOWN_MEMBER_ID, '')
  if (member.awaitingSync !== null) refuseSync(turn, member.awaitingSync, ERROR_CODES.UNKNOWN_MEMBER_ID)
  member.awaitingSync = null
  state.remove(member)
}

/** Members are gone, and what they read is nobody's. */
export function membersLeft(turn: GroupTurn, state: ClassicState): void {
  if (state.phase === 'Stable' || state.phase === 'CompletingRebalance') prepareRebalance(turn, state)
  else completeJoinIfAllJoined(turn, state)
}

/** All who wait for their assignment are told to join again, or what went wrong. */
export function refuseSyncs(turn: GroupTurn, state: ClassicState, errorCode: ErrorCode): void {
  for (const member of state.members.values()) {
    member.assignment = NO_ASSIGNMENT
    if (member.awaitingSync === null) continue
    refuseSync(turn, member.awaitingSync, errorCode)
    member.awaitingSync = null
    renewSession(turn, state, member)
  }
}

/** The assignments are written: all who wait for theirs get it. */
export function answerSyncs(turn: GroupTurn, state: ClassicState): void {
  for (const member of state.members.values()) {
    if (member.awaitingSync === null) continue
    answerSync(turn, state, member.awaitingSync, member)
    member.awaitingSync = null
    renewSession(turn, state, member)
  }
}

function completeJoin(turn: GroupTurn, state: ClassicState): void {
  state.joinDeadline = null
  state.newMemberAdded = false
  // Static members keep their places until their sessions end.
  for (const member of state.members.values()) {
    if (member.awaitingJoin === null && member.groupInstanceId === null) removeMember(turn, state, member)
  }
  if (state.members.size > 0 && !electJoinedLeader(state)) {
    // Only static members are left, and none of them is here.
    return setJoinDeadline(turn, state, rebalanceTimeoutMs(state))
  }
  state.generationId += 1
  state.pendingSync.clear()
  if (state.members.size === 0) {
    state.protocolName = null
    state.subscribedTopics = subscribedTopics(state)
    state.enter('Empty', turn.nowMs)
    return persist(turn, state)
  }
  state.protocolName = state.selectProtocol()
  state.subscribedTopics = subscribedTopics(state)
  state.enter('CompletingRebalance', turn.nowMs)
  for (const member of state.members.values()) {
    const waiter = state.takeJoinWaiter(member)
    if (waiter !== null) answerJoin(turn, state, waiter, member.memberId)
    member.isNew = false
    state.pendingSync.add(member.memberId)
    renewSession(turn, state, member)
  }
  state.syncDeadlineMs = turn.monotonicMs + rebalanceTimeoutMs(state)
  deadlineSet(turn, state, state.syncDeadlineMs)
}

/** The leader has to be one who joined. Says whether there is one. */
function electJoinedLeader(state: ClassicState): boolean {
  const leader = state.leaderId === null ? undefined : state.members.get(state.leaderId)
  if (leader !== undefined && leader.awaitingJoin !== null) return true
  for (const member of state.members.values()) {
    if (member.awaitingJoin === null) continue
    state.leaderId = member.memberId
    return true
  }
  return false
}

function setJoinDeadline(turn: GroupTurn, state: ClassicState, delayMs: number, remainingMs?: number): void {
  const dueMs = turn.monotonicMs + delayMs
  state.joinDeadline = { dueMs, initial: remainingMs === undefined ? null : { delayMs, remainingMs } }
  deadlineSet(turn, state, dueMs)
}

/** Everybody gets as long as the slowest asks for. */
function rebalanceTimeoutMs(state: ClassicState): number {
  let timeoutMs = 0
  for (const member of state.members.values()) timeoutMs = Math.max(timeoutMs, member.rebalanceTimeoutMs)
  return timeoutMs
}
