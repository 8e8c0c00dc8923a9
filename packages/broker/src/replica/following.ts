/** What a follower makes of its leader's answers. */
import { ERROR_CODES } from '@millrace/protocol'
import type { ReplicaEffect } from './effects.ts'
import type { LeaderAnswered, ReplicaEvent } from './events.ts'
import type { FollowerRole, ReplicaState } from './state.ts'
import { mayCutBelowHighWatermark, truncationOffset } from './truncation.ts'

type Appended = Extract<ReplicaEvent, { readonly type: 'follower-appended' }>

const NOTHING: readonly ReplicaEffect[] = []
const WAIT: readonly ReplicaEffect[] = [{ type: 'wait' }]
const APPEND: readonly ReplicaEffect[] = [{ type: 'append' }]

export function onLeaderAnswered(state: ReplicaState, follower: FollowerRole, event: LeaderAnswered): readonly ReplicaEffect[] {
  // Asked of another leader: what it said may not be so any more (KAFKA-18723 is the same mistake, one step later).
  if (event.askedEpoch !== state.leaderEpoch) return NOTHING
  if (follower.isHalted) return WAIT
  if (event.errorCode === ERROR_CODES.OFFSET_OUT_OF_RANGE) return onOutOfRange(state, follower, event)
  if (event.errorCode !== ERROR_CODES.NONE) return WAIT
  if (event.divergingEpoch !== null) return onDiverged(state, follower, event, event.divergingEpoch)
  if (event.logStartOffset > event.ownEndOffset) return [{ type: 'reset', offset: event.logStartOffset }]
  return APPEND
}

export function onFollowerAppended(state: ReplicaState, event: Appended): readonly ReplicaEffect[] {
  if (event.askedEpoch !== state.leaderEpoch) return NOTHING
  const effects: ReplicaEffect[] = []
  const highWatermark = Math.min(event.leaderHighWatermark, event.endOffset)
  if (highWatermark > state.highWatermark) {
    state.highWatermark = highWatermark
    effects.push({ type: 'move-high-watermark', offset: highWatermark })
  }
  const logStartOffset = Math.min(event.leaderLogStartOffset, state.highWatermark)
  if (logStartOffset > event.logStartOffset) effects.push({ type: 'move-log-start', offset: logStartOffset })
  return effects
}

function onDiverged(
  state: ReplicaState,
  follower: FollowerRole,
  event: LeaderAnswered,
  divergingEpoch: { readonly epoch: number; readonly endOffset: number },
): readonly ReplicaEffect[] {
  // A leader knows its own epoch at least. One that knows none cannot say what is right, least of all by an offset of its own.
  if (divergingEpoch.epoch < 0 || divergingEpoch.endOffset < 0) {
    return [report('error', 'the leader does not know any epoch; nothing is cut off', state, {}), ...WAIT]
  }
  const offset = truncationOffset({ ...event, divergingEpoch })
  return cutTo(state, follower, event, offset)
}

function cutTo(state: ReplicaState, follower: FollowerRole, event: LeaderAnswered, offset: number): readonly ReplicaEffect[] {
  if (offset >= state.highWatermark) {
    return offset < event.ownLogStartOffset ? restart(state, event) : [{ type: 'truncate', offset }]
  }
  const fields = { offset, highWatermark: state.highWatermark, leaderId: follower.leaderId }
  if (!mayCutBelowHighWatermark(state.settings, state.recoveryState === 'recovering')) return halt(state, follower, fields)
  state.highWatermark = Math.max(offset, Math.min(event.ownLogStartOffset, state.highWatermark))
  const alarm = report('error', 'records that were committed are cut off, because the leader does not have them', state, fields)
  return [alarm, ...(offset < event.ownLogStartOffset ? restart(state, event) : [{ type: 'truncate', offset } as const])]
}

/** The leader's log begins after the end of this one, or ends before it and nothing tells in which epoch. */
function onOutOfRange(state: ReplicaState, follower: FollowerRole, event: LeaderAnswered): readonly ReplicaEffect[] {
  if (event.logStartOffset < 0) return WAIT
  if (event.ownEndOffset < event.logStartOffset) return restart(state, event)
  const fields = { offset: event.ownEndOffset, highWatermark: state.highWatermark, leaderHighWatermark: event.highWatermark }
  const isEmpty = event.ownEndOffset === event.ownLogStartOffset
  if (
    !isEmpty &&
    event.highWatermark < state.highWatermark &&
    !mayCutBelowHighWatermark(state.settings, state.recoveryState === 'recovering')
  ) {
    return halt(state, follower, fields)
  }
  return [
    report('error', 'the log ends after that of the leader, in no epoch that is known; it begins anew', state, fields),
    ...restart(state, event),
  ]
}

function restart(state: ReplicaState, event: LeaderAnswered): readonly ReplicaEffect[] {
  const offset = Math.max(0, event.logStartOffset)
  // Not up to there before the log is: it may take its time, and readers of this replica go by the high watermark.
  state.highWatermark = Math.min(offset, state.highWatermark)
  return [{ type: 'reset', offset }]
}

function halt(state: ReplicaState, follower: FollowerRole, fields: Readonly<Record<string, number | string>>): readonly ReplicaEffect[] {
  follower.isHalted = true
  const event =
    'the leader lacks records that were committed; this replica keeps them and does not follow. Elect a replica that has them, ' +
    'or set unclean.leader.election.enable for the topic to give them up'
  return [report('error', event, state, fields), ...WAIT]
}

function report(
  level: 'warn' | 'error',
  event: string,
  state: ReplicaState,
  fields: Readonly<Record<string, number | string>>,
): Extract<ReplicaEffect, { readonly type: 'report' }> {
  return { type: 'report', level, event, fields: { ...fields, leaderEpoch: state.leaderEpoch } }
}
