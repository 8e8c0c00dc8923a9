/**
 * The replica machine: from what happens to what is to be done. Changes `state` in place, since it is on the path of every append.
 *
 *     none, follower -> leader   the metadata names this broker as leader of a later epoch
 *     none, leader -> follower   the metadata names another
 *     leader, follower -> none   the metadata names nobody, or this broker is no replica any more
 */
import { unreachable } from '@millrace/runtime'
import type { ReplicaEffect } from './effects.ts'
import type { ReplicaEvent } from './events.ts'
import { onFollowerAppended, onLeaderAnswered } from './following.ts'
import { followReplicas, moved, newLeader, onFollowerFetched, onIsrAnswered, onLogMoved, onTimePassed } from './leading.ts'
import type { ReplicaState } from './state.ts'

const NOTHING: readonly ReplicaEffect[] = []

export function step(state: ReplicaState, event: ReplicaEvent): readonly ReplicaEffect[] {
  const { role } = state
  switch (event.type) {
    case 'assigned':
      return onAssigned(state, event)
    case 'log-moved':
      return role.type === 'leader' ? onLogMoved(state, role, event) : NOTHING
    case 'follower-fetched':
      return role.type === 'leader' ? onFollowerFetched(state, role, event) : NOTHING
    case 'brokers-changed':
      state.brokers = event.brokers
      return role.type === 'leader' ? moved(state, role, event.nowMs) : NOTHING
    case 'time-passed':
      return role.type === 'leader' ? onTimePassed(state, role, event.nowMs) : NOTHING
    case 'isr-answered':
      return role.type === 'leader' ? onIsrAnswered(state, role, event) : NOTHING
    case 'leader-answered':
      return role.type === 'follower' ? onLeaderAnswered(state, role, event) : NOTHING
    case 'follower-appended':
      return role.type === 'follower' ? onFollowerAppended(state, event) : NOTHING
    default:
      return unreachable(event)
  }
}

function onAssigned(state: ReplicaState, event: Extract<ReplicaEvent, { readonly type: 'assigned' }>): readonly ReplicaEffect[] {
  const { assignment, endOffset, ownOffset, nowMs } = event
  const { role } = state
  state.settings = event.settings
  state.brokers = event.brokers
  const isNewEpoch = assignment.leaderEpoch > state.leaderEpoch
  // What the controller answered this leader may be newer than the metadata that has come here.
  if (isNewEpoch || (assignment.leaderEpoch === state.leaderEpoch && assignment.partitionEpoch > state.partitionEpoch)) {
    state.leaderEpoch = assignment.leaderEpoch
    state.partitionEpoch = assignment.partitionEpoch
    state.replicas = assignment.replicas
    state.isr = assignment.isr
    state.recoveryState = assignment.recoveryState
    if (!isNewEpoch && role.type === 'leader') {
      role.pending = null
      role.nextChangeMs = 0
      followReplicas(state, role, nowMs)
    }
  }
  if (!isNewEpoch) return role.type === 'leader' ? moved(state, role, nowMs) : NOTHING
  if (assignment.leader === state.ownId) {
    const leader = newLeader(state, endOffset, ownOffset, nowMs)
    state.role = leader
    return [{ type: 'begin-leading', leaderEpoch: state.leaderEpoch, startOffset: endOffset }, ...moved(state, leader, nowMs)]
  }
  const isFollower = assignment.leader >= 0 && assignment.replicas.includes(state.ownId)
  state.role = isFollower ? { type: 'follower', leaderId: assignment.leader, isHalted: false } : { type: 'none' }
  return role.type === 'leader' ? [{ type: 'stop-leading' }] : NOTHING
}
