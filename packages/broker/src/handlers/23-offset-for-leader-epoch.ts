/**
 * OffsetForLeaderEpoch (API key 23), versions 2-4.
 *
 * Where the log of some leader epoch ended, by which a consumer finds out whether what it read was truncated behind its back
 * (KIP-320). The leader answers; it knows every epoch up to its own. An epoch that is not known is no error: the answer says so with -1.
 *
 * Version notes: 2 the epoch that the client believes to be current; 3 the replica id, which makes no difference here.
 */
import { ERROR_CODES, offsetForLeaderEpochApi } from '@millrace/protocol'
import type { Decoded, Encodable, offsetForLeaderEpochRequest, offsetForLeaderEpochResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { checkLeaderEpoch } from './leader-epoch-check.ts'

type Query = Decoded<typeof offsetForLeaderEpochRequest>['topics'][number]['partitions'][number]
type PartitionBody = Encodable<typeof offsetForLeaderEpochResponse>['topics'][number]['partitions'][number]

const UNKNOWN = { epoch: -1, endOffset: -1 }

export function offsetForLeaderEpochHandler(services: BrokerServices): Handler {
  return defineHandler(offsetForLeaderEpochApi, async (request) => {
    const topics = request.topics.map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(partitions.map((query) => answer(topic, query))),
    }))
    return { throttleTimeMs: 0, topics: await Promise.all(topics) }
  })

  async function answer(topic: string, query: Query): Promise<PartitionBody> {
    const index = query.partition
    const partition = services.partitions.find(topic, index)
    if (typeof partition === 'number') return { partition: index, errorCode: partition }
    const epochError = checkLeaderEpoch(query.currentLeaderEpoch, partition.leaderEpoch)
    if (epochError !== ERROR_CODES.NONE) return { partition: index, errorCode: epochError }
    try {
      const log = await partition.open()
      if (!partition.isLeader) return { partition: index, errorCode: ERROR_CODES.NOT_LEADER_OR_FOLLOWER }
      const { epoch, endOffset } = log.endOffsetForEpoch(query.leaderEpoch) ?? UNKNOWN
      return { partition: index, errorCode: ERROR_CODES.NONE, leaderEpoch: epoch, endOffset }
    } catch (error) {
      services.logger.error('the end of an epoch was not found', { topic, partition: index, error })
      return { partition: index, errorCode: services.errorCodeOf(error) }
    }
  }
}
