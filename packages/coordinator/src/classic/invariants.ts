/** What holds of every classic group after every step; the numbers are those of docs/spec/classic-groups.md. */
import { metadataOf } from './member.ts'
import { isVoid } from './forget.ts'
import type { ClassicState } from './state.ts'

/** Throws an error that names the invariant. Walks all members: for tests. */
export function assertInvariants(state: ClassicState): void {
  assertMembers(state)
  assertPhase(state)
  assertPersisted(state)
  check(state, 'G8', state.timerDueMs <= state.nextDeadlineMs(), `the timer fires at ${state.timerDueMs}`)
  check(state, 'G9', !isVoid(state), 'nothing would be missed of it')
}

function assertMembers(state: ClassicState): void {
  const { members, staticMembers, leaderId, pendingMembers, pendingSync } = state
  check(state, 'G2', leaderId === null ? members.size === 0 : members.has(leaderId), `the leader is ${leaderId}`)
  let staticCount = 0
  let awaitingJoinCount = 0
  let protocolBytes = 0
  for (const member of members.values()) {
    const { memberId, groupInstanceId } = member
    if (groupInstanceId !== null) {
      staticCount += 1
      check(state, 'G3', staticMembers.get(groupInstanceId) === memberId, `${groupInstanceId} is ${memberId}`)
    }
    if (member.awaitingJoin !== null) awaitingJoinCount += 1
    for (const { metadata } of member.protocols) protocolBytes += metadata.length
    check(state, 'G4', !pendingMembers.has(memberId), `${memberId} is a member, and on its way`)
    check(state, 'G6', member.awaitingJoin === null || state.phase === 'PreparingRebalance', `${memberId} waits to join`)
    check(state, 'G6', member.awaitingSync === null || state.phase === 'CompletingRebalance', `${memberId} waits to sync`)
  }
  check(state, 'G3', staticMembers.size === staticCount, `${staticCount} of ${staticMembers.size} instances`)
  check(state, 'G4', state.awaitingJoinCount === awaitingJoinCount, `${awaitingJoinCount} wait to join`)
  check(state, 'G4', state.protocolBytes === protocolBytes, `${protocolBytes} bytes of protocols`)
  for (const memberId of pendingSync) check(state, 'G4', members.has(memberId), `${memberId} is to sync`)
}

function assertPhase(state: ClassicState): void {
  const { phase, members, protocolName, pendingSync, joinDeadline, syncDeadlineMs } = state
  const isAgreed = phase === 'CompletingRebalance' || phase === 'Stable'
  check(state, 'G5', isAgreed ? members.size > 0 : phase === 'PreparingRebalance' || members.size === 0, `${members.size} members`)
  check(state, 'G5', members.size === 0 || state.protocolType !== null, 'members without a protocol type')
  if (isAgreed) {
    for (const { memberId, protocols } of members.values()) {
      check(
        state,
        'G5',
        protocols.some(({ name }) => name === protocolName),
        `${memberId} has no protocol ${protocolName}`,
      )
    }
  }
  check(state, 'G7', (joinDeadline !== null) === (phase === 'PreparingRebalance'), 'the end of joining')
  check(state, 'G7', (syncDeadlineMs !== null) === pendingSync.size > 0, `${pendingSync.size} are to sync`)
  check(state, 'G7', pendingSync.size === 0 || isAgreed, `${pendingSync.size} are to sync`)
}

/** What a failover would find is what members of a group at rest believe. */
function assertPersisted(state: ClassicState): void {
  const { phase, persisted, members, generationId } = state
  if (persisted === null) return check(state, 'G10', phase !== 'Stable', 'nothing is written')
  check(state, 'G1', persisted.generation <= generationId, `generation ${persisted.generation} is written`)
  if (phase === 'Empty') check(state, 'G10', persisted.members.length === 0, `${persisted.members.length} members are written`)
  if (phase !== 'Stable') return
  check(state, 'G10', persisted.generation === generationId, `generation ${persisted.generation} is written`)
  check(state, 'G10', persisted.leader === state.leaderId, `${persisted.leader} is written as leader`)
  check(state, 'G10', persisted.members.length === members.size, `${persisted.members.length} members are written`)
  for (const { memberId, subscription, assignment } of persisted.members) {
    const member = members.get(memberId)
    check(state, 'G10', member !== undefined && member.assignment === assignment, `${memberId} and its assignment`)
    check(state, 'G10', member !== undefined && metadataOf(member, persisted.protocol) === subscription, `${memberId} and what it reads`)
  }
}

function check(state: ClassicState, invariant: string, holds: boolean, found: string): void {
  if (!holds) throw new Error(`${invariant} does not hold of group ${state.groupId} in ${state.phase}: ${found}`)
}
