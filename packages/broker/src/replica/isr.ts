/**
 * Who is to join the ISR, and who to leave it. Both are wishes: the controller decides, and until it has decided the leader counts on
 * those who are in sync now and on those who may be then.
 */
import { type FollowerProgress, isCaughtUp } from './follower-progress.ts'
import type { IsrChange, LeaderRole, ReplicaState } from './state.ts'

/** The broker lives, is to go on living, and is the one that fetched: a later life of it may have lost what this one had. */
export function isEligible({ brokers }: ReplicaState, { replicaId, brokerEpoch }: FollowerProgress): boolean {
  return brokerEpoch >= 0 && brokers.get(replicaId) === brokerEpoch
}

/** After a fetch, which is the only proof of what a replica has now. Null when it cannot join. */
export function expansion(state: ReplicaState, leader: LeaderRole, follower: FollowerProgress, nowMs: number): IsrChange | null {
  const { replicaId, fetchOffset } = follower
  if (leader.pending !== null || nowMs < leader.nextChangeMs || state.isr.includes(replicaId)) return null
  if (fetchOffset < state.highWatermark || fetchOffset < leader.epochStartOffset || !isEligible(state, follower)) return null
  return changeTo(state, [...state.isr, replicaId])
}

/** Null when nobody has to leave. */
export function shrinking(state: ReplicaState, leader: LeaderRole, nowMs: number): IsrChange | null {
  if (leader.pending !== null || nowMs < leader.nextChangeMs) return null
  const newIsr = state.isr.filter((replicaId) => {
    const follower = leader.followers.get(replicaId)
    return follower === undefined || isCaughtUp(follower, leader.endOffset, state.settings.lagTimeMaxMs, nowMs)
  })
  return newIsr.length === state.isr.length ? null : changeTo(state, newIsr)
}

function changeTo({ leaderEpoch, partitionEpoch }: ReplicaState, newIsr: readonly number[]): IsrChange {
  return { newIsr, leaderEpoch, partitionEpoch }
}
