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

/** Null when nobody can join. */
export function expansion(state: ReplicaState, leader: LeaderRole, nowMs: number): IsrChange | null {
  if (leader.pending !== null || nowMs < leader.nextChangeMs) return null
  let newIsr: number[] | null = null
  for (const follower of leader.followers.values()) {
    if (state.isr.includes(follower.replicaId)) continue
    const { fetchOffset, lastFetchMs } = follower
    // One that stopped asking has it no more than one that fell behind.
    if (nowMs - lastFetchMs > state.settings.lagTimeMaxMs) continue
    if (fetchOffset < state.highWatermark || fetchOffset < leader.epochStartOffset || !isEligible(state, follower)) continue
    newIsr ??= [...state.isr]
    newIsr.push(follower.replicaId)
  }
  return newIsr === null ? null : changeTo(state, newIsr)
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
