/**
 * Which replica a consumer is to read from (KIP-392): the leader if that stands in the consumer's rack, else the one in the rack that
 * has most of the log, among those in sync that hold what the consumer is to read next.
 */
import type { BrokerImage } from '@millrace/metadata'
import type { ReplicaState } from '../replica/state.ts'

export const LEADER_ITSELF = -1

export function preferredReplica(
  state: ReplicaState,
  brokers: ReadonlyMap<number, BrokerImage>,
  rackId: string,
  fetchOffset: number,
): number {
  const { role, isr, ownId } = state
  if (role.type !== 'leader' || rackId === '' || brokers.get(ownId)?.rack === rackId) return LEADER_ITSELF
  let preferred = LEADER_ITSELF
  let endOffset = -1
  let lastCaughtUpMs = Number.NEGATIVE_INFINITY
  for (const follower of role.followers.values()) {
    const broker = brokers.get(follower.replicaId)
    if (broker === undefined || broker.isFenced || broker.rack !== rackId || !isr.includes(follower.replicaId)) continue
    if (follower.fetchOffset < fetchOffset || follower.logStartOffset > fetchOffset) continue
    const isAhead = follower.fetchOffset > endOffset || (follower.fetchOffset === endOffset && follower.lastCaughtUpMs > lastCaughtUpMs)
    if (!isAhead) continue
    preferred = follower.replicaId
    endOffset = follower.fetchOffset
    lastCaughtUpMs = follower.lastCaughtUpMs
  }
  return preferred
}
