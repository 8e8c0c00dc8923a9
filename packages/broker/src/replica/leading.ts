/** What a leader makes of what happens: who joins and leaves the ISR, and how far the high watermark goes. */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { ReplicaEffect } from './effects.ts'
import type { ReplicaEvent } from './events.ts'
import { noteFetch, unseenFollower } from './follower-progress.ts'
import { nextHighWatermark } from './high-watermark.ts'
import { expansion, shrinking } from './isr.ts'
import type { LeaderRole, ReplicaState } from './state.ts'

type Event<Type extends ReplicaEvent['type']> = Extract<ReplicaEvent, { readonly type: Type }>

/** After a refusal the same wish is not repeated for this long. */
const REFUSED_PAUSE_MS = 1_000

const NOTHING: readonly ReplicaEffect[] = []

/** Answers that say nothing of the change: another state is in force, and the metadata will tell which. */
const OVERTAKEN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ERROR_CODES.FENCED_LEADER_EPOCH,
  ERROR_CODES.INVALID_UPDATE_VERSION,
  ERROR_CODES.NEW_LEADER_ELECTED,
  ERROR_CODES.UNKNOWN_TOPIC_ID,
  ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION,
])

export function newLeader(state: ReplicaState, endOffset: number, ownOffset: number, nowMs: number): LeaderRole {
  const followers = new Map<number, ReturnType<typeof unseenFollower>>()
  for (const replicaId of state.replicas) {
    if (replicaId !== state.ownId) followers.set(replicaId, unseenFollower(replicaId, state.isr.includes(replicaId), nowMs))
  }
  return { type: 'leader', epochStartOffset: endOffset, endOffset, ownOffset, followers, pending: null, nextChangeMs: 0 }
}

/** The same leader, in the same epoch, with other replicas or another ISR. */
export function followReplicas(state: ReplicaState, leader: LeaderRole, nowMs: number): void {
  for (const replicaId of leader.followers.keys()) if (!state.replicas.includes(replicaId)) leader.followers.delete(replicaId)
  for (const replicaId of state.replicas) {
    if (replicaId === state.ownId || leader.followers.has(replicaId)) continue
    leader.followers.set(replicaId, unseenFollower(replicaId, state.isr.includes(replicaId), nowMs))
  }
}

export function onLogMoved(state: ReplicaState, leader: LeaderRole, event: Event<'log-moved'>): readonly ReplicaEffect[] {
  leader.endOffset = event.endOffset
  leader.ownOffset = event.ownOffset
  return moved(state, leader, event.nowMs)
}

export function onFollowerFetched(state: ReplicaState, leader: LeaderRole, event: Event<'follower-fetched'>): readonly ReplicaEffect[] {
  const follower = leader.followers.get(event.replicaId)
  if (follower === undefined || !noteFetch(follower, event.fetch, leader.endOffset, event.nowMs)) return NOTHING
  const change = expansion(state, leader, follower, event.nowMs)
  if (change === null) return moved(state, leader, event.nowMs)
  leader.pending = change
  return [{ type: 'alter-isr' }, ...moved(state, leader, event.nowMs)]
}

export function onTimePassed(state: ReplicaState, leader: LeaderRole, nowMs: number): readonly ReplicaEffect[] {
  const change = shrinking(state, leader, nowMs)
  if (change === null) return moved(state, leader, nowMs)
  leader.pending = change
  const fields = {
    isr: state.isr.join(','),
    newIsr: change.newIsr.join(','),
    highWatermark: state.highWatermark,
    endOffset: leader.endOffset,
  }
  return [
    { type: 'report', level: 'warn', event: 'replicas did not keep up; the controller is asked to take them from the ISR', fields },
    { type: 'alter-isr' },
    ...moved(state, leader, nowMs),
  ]
}

export function onIsrAnswered(state: ReplicaState, leader: LeaderRole, event: Event<'isr-answered'>): readonly ReplicaEffect[] {
  // The metadata was faster, and what it said is in force already.
  if (leader.pending !== event.change) return NOTHING
  const { answer, nowMs } = event
  if (answer.errorCode !== ERROR_CODES.NONE) {
    // It is not known what is in force, so the leader goes on counting on all who may be in sync until the metadata says.
    if (OVERTAKEN.has(answer.errorCode)) return NOTHING
    leader.pending = null
    leader.nextChangeMs = nowMs + REFUSED_PAUSE_MS
    const fields = { newIsr: event.change.newIsr.join(','), errorCode: answer.errorCode }
    const report = { type: 'report', level: 'info', event: 'the controller refused a change of the ISR', fields } as const
    return [report, ...moved(state, leader, nowMs)]
  }
  if (answer.leaderEpoch !== state.leaderEpoch) return NOTHING
  leader.pending = null
  if (answer.partitionEpoch > state.partitionEpoch) {
    state.partitionEpoch = answer.partitionEpoch
    state.isr = answer.isr
  }
  const fields = { isr: state.isr.join(','), partitionEpoch: state.partitionEpoch }
  return [{ type: 'report', level: 'info', event: 'the ISR has changed', fields }, ...moved(state, leader, nowMs)]
}

/** The high watermark may be able to move. */
export function moved(state: ReplicaState, leader: LeaderRole, nowMs: number): readonly ReplicaEffect[] {
  const offset = nextHighWatermark(state, leader, nowMs)
  if (offset === state.highWatermark) return NOTHING
  state.highWatermark = offset
  return [{ type: 'move-high-watermark', offset }]
}
