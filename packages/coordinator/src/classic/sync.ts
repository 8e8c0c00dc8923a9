/** SyncGroup in a classic group: the leader brings what each member is assigned, and each member asks for its part. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { answerSync, refuseSync } from './answers.ts'
import type { ClassicMember } from './member.ts'
import { findMember } from './membership.ts'
import { groupMetadata } from './persist.ts'
import { answerSyncs, prepareRebalance, refuseSyncs } from './rebalance.ts'
import type { ClassicState } from './state.ts'
import { heardFrom } from './update-member.ts'

export function sync(turn: GroupTurn, state: ClassicState, call: GroupCall<'SyncGroup'>): void {
  const { memberId, groupInstanceId } = call.body
  const member = findMember(state, memberId, groupInstanceId)
  if (typeof member === 'number') return refuseSync(turn, call, member)
  const refusal = check(state, call)
  if (refusal !== ERROR_CODES.NONE) return refuseSync(turn, call, refusal)
  heardFrom(turn, state, member, call.client)
  state.pendingSync.delete(memberId)
  if (state.pendingSync.size === 0) state.syncDeadlineMs = null
  if (state.phase === 'Stable') return answerSync(turn, state, call, member)
  awaitSync(turn, member, call)
  if (state.isLeader(memberId)) assign(turn, state, call)
}

function check(state: ClassicState, { body }: GroupCall<'SyncGroup'>): ErrorCode {
  if (body.generationId !== state.generationId) return ERROR_CODES.ILLEGAL_GENERATION
  if (isOther(body.protocolType, state.protocolType) || isOther(body.protocolName, state.protocolName)) {
    return ERROR_CODES.INCONSISTENT_GROUP_PROTOCOL
  }
  return state.phase === 'PreparingRebalance' ? ERROR_CODES.REBALANCE_IN_PROGRESS : ERROR_CODES.NONE
}

function isOther(stated: string | null, actual: string | null): boolean {
  return stated !== null && actual !== null && stated !== actual
}

function awaitSync(turn: GroupTurn, member: ClassicMember, { token, apiVersion }: GroupCall<'SyncGroup'>): void {
  if (member.awaitingSync !== null) refuseSync(turn, member.awaitingSync, ERROR_CODES.REBALANCE_IN_PROGRESS)
  member.awaitingSync = { token, apiVersion }
}

/** Members that the leader left out get nothing, and those that it made up do not exist. */
function assign(turn: GroupTurn, state: ClassicState, { body }: GroupCall<'SyncGroup'>): void {
  const assignments = new Map(body.assignments.map(({ memberId, assignment }) => [memberId, assignment]))
  const metadata = groupMetadata(state, (memberId) => assignments.get(memberId))
  if (!turn.fits([metadata])) {
    refuseSyncs(turn, state, ERROR_CODES.UNKNOWN_SERVER_ERROR)
    return prepareRebalance(turn, state)
  }
  turn.append(metadata)
  state.enter('Stable', turn.nowMs)
  answerSyncs(turn, state)
}
