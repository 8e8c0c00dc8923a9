/**
 * Who leads a partition that this broker was asked for and does not lead, so that the client can go there at once instead of asking
 * for the metadata first (KIP-951).
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import type { BrokerServices } from '../broker-services.ts'
import { hasFencedItself, reachableBrokers } from './reachable-brokers.ts'

export interface CurrentLeader {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** The leader, where the error says that the client took another broker or another epoch for it; null otherwise, or if it is not known. */
export function currentLeader(
  services: BrokerServices,
  partition: { readonly topic: string; readonly topicId: string; readonly index: number },
  errorCode: ErrorCode,
): CurrentLeader | null {
  if (errorCode !== ERROR_CODES.NOT_LEADER_OR_FOLLOWER && errorCode !== ERROR_CODES.FENCED_LEADER_EPOCH) return null
  const { topics } = services.feed.image()
  const topic = partition.topic === '' ? topics.getById(partition.topicId) : topics.get(partition.topic)
  const image = topic?.partitions[partition.index]
  if (image === undefined) return null
  // It has fenced itself: another one leads by now, or will.
  if (image.leader === services.nodeId && hasFencedItself(services)) return null
  return { leaderId: image.leader, leaderEpoch: image.leaderEpoch }
}

/** Where those leaders are reached. */
export function endpointsOf(services: BrokerServices, local: Address, leaders: readonly CurrentLeader[]): NodeEndpoint[] {
  if (leaders.length === 0) return []
  const ids = new Set(leaders.map(({ leaderId }) => leaderId))
  return reachableBrokers(services, local)
    .filter(({ id, isFenced }) => ids.has(id) && !isFenced)
    .map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack }))
}
