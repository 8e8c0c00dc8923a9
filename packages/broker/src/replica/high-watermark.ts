/**
 * Where the high watermark may stand: the end of what every replica holds that may lead next, as safely as the topic asks for, and of
 * what those hold who are about to be such replicas. It stands still while fewer are in sync than `min.insync.replicas` asks for
 * (KIP-966), whatever `acks` the producers use.
 */
import { type FollowerProgress, isCaughtUp } from './follower-progress.ts'
import { isEligible } from './isr.ts'
import { isInMaximalIsr, type LeaderRole, type ReplicaState, requiredInSync } from './state.ts'

/** Never below where it stands. */
export function nextHighWatermark(state: ReplicaState, leader: LeaderRole, nowMs: number): number {
  if (state.isr.length < requiredInSync(state)) return state.highWatermark
  let lowest = leader.ownOffset
  for (const follower of leader.followers.values()) {
    if (follower.fetchOffset >= lowest) continue
    if (isInMaximalIsr(state, leader, follower.replicaId) || isAboutToJoin(state, leader, follower, nowMs)) lowest = follower.fetchOffset
  }
  return Math.max(state.highWatermark, lowest)
}

/** It will be in the ISR as soon as it has what is committed, so nothing more is committed without it. */
function isAboutToJoin(state: ReplicaState, leader: LeaderRole, follower: FollowerProgress, nowMs: number): boolean {
  return isEligible(state, follower) && isCaughtUp(follower, leader.endOffset, state.settings.lagTimeMaxMs, nowMs)
}
