/**
 * ListOffsets (API key 2), versions 1-11.
 *
 * Where a partition begins, where it ends, and which record was the first at or after some time. Consumers see up to the high
 * watermark, or with `read_committed` up to the last stable offset, here as in Fetch; replicas and those who look into them (-2)
 * up to the log's end, the latter also on a follower.
 *
 * Version notes: 1 one offset instead of a list of segment boundaries; 2 isolation level; 4 leader epochs (KIP-320); 5 says
 * OFFSET_NOT_AVAILABLE of a new leader that has not caught up, where older ones are told LEADER_NOT_AVAILABLE; 7, 8, 9 and 11
 * bring further special timestamps, and 10 a time limit for tiered storage, which there is none of.
 */
import { ERROR_CODES, listOffsetsApi } from '@millrace/protocol'
import type { Decoded, Encodable, ErrorCode, listOffsetsRequest, listOffsetsResponse } from '@millrace/protocol'
import type { PartitionLog } from '@millrace/log'
import type { BrokerServices } from '../broker-services.ts'
import type { Partition } from '../partition/partition.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { checkLeaderEpoch } from './leader-epoch-check.ts'

type Request = Decoded<typeof listOffsetsRequest>
type Query = Request['topics'][number]['partitions'][number]
type PartitionBody = Encodable<typeof listOffsetsResponse>['topics'][number]['partitions'][number]

/** What may stand in the place of a time, and the first version that may say it. */
const SPECIAL_TIMESTAMPS = {
  latest: { timestamp: -1, minVersion: 1 },
  earliest: { timestamp: -2, minVersion: 1 },
  maxTimestamp: { timestamp: -3, minVersion: 7 },
  earliestLocal: { timestamp: -4, minVersion: 8 },
  latestTiered: { timestamp: -5, minVersion: 9 },
  earliestPendingUpload: { timestamp: -6, minVersion: 11 },
} as const

const MIN_VERSION_BY_TIMESTAMP: ReadonlyMap<number, number> = new Map(
  Object.values(SPECIAL_TIMESTAMPS).map(({ timestamp, minVersion }) => [timestamp, minVersion]),
)

const ISOLATION_LEVELS = { readUncommitted: 0, readCommitted: 1 } as const
const CONSUMER = -1
/** The replica id of those who look into replicas. */
const DEBUGGER = -2
const FIRST_LEADER_EPOCH_VERSION = 4
const FIRST_OFFSET_NOT_AVAILABLE_VERSION = 5
const UNKNOWN = -1

interface FoundOffset {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

const NOTHING: FoundOffset = { offset: UNKNOWN, timestamp: UNKNOWN, leaderEpoch: UNKNOWN }

export function listOffsetsHandler(services: BrokerServices): Handler {
  return defineHandler(listOffsetsApi, async (request, context) => {
    const { apiVersion } = context
    const byTopic = queriesByTopic(request)
    const topics = await Promise.all(
      [...byTopic].map(async ([name, queries]) => {
        const partitions = [...queries].map(async ([partitionIndex, query]): Promise<PartitionBody> => {
          const found = query === 'repeated' ? ERROR_CODES.INVALID_REQUEST : await answer(name, query, request, apiVersion)
          if (typeof found === 'number') return { partitionIndex, errorCode: found }
          const leaderEpoch = apiVersion < FIRST_LEADER_EPOCH_VERSION ? UNKNOWN : found.leaderEpoch
          return { partitionIndex, errorCode: ERROR_CODES.NONE, offset: found.offset, timestamp: found.timestamp, leaderEpoch }
        })
        return { name, partitions: await Promise.all(partitions) }
      }),
    )
    return { throttleTimeMs: 0, topics }
  })

  async function answer(topic: string, query: Query, request: Request, version: number): Promise<FoundOffset | ErrorCode> {
    const { isolationLevel, replicaId } = request
    if (isolationLevel !== ISOLATION_LEVELS.readUncommitted && isolationLevel !== ISOLATION_LEVELS.readCommitted) {
      return ERROR_CODES.INVALID_REQUEST
    }
    const { timestamp } = query
    const minVersion = timestamp < 0 ? MIN_VERSION_BY_TIMESTAMP.get(timestamp) : 0
    if (minVersion === undefined || version < minVersion) return ERROR_CODES.UNSUPPORTED_VERSION
    const { partitions } = services
    const mayAskFollowers = replicaId === DEBUGGER
    const partition = mayAskFollowers ? partitions.findReadable(topic, query.partitionIndex) : partitions.find(topic, query.partitionIndex)
    if (typeof partition === 'number') return partition
    const epochError = checkLeaderEpoch(query.currentLeaderEpoch, partition.leaderEpoch)
    if (epochError !== ERROR_CODES.NONE) return epochError
    try {
      const log = await partition.open()
      const found = await findOffset(partition, log, timestamp, () => visibleEnd(partition, log, replicaId, isolationLevel, version))
      // Others may lead by now, and what they hold is what counts.
      return partition.isLeader || (mayAskFollowers && partition.isReadable) ? found : ERROR_CODES.NOT_LEADER_OR_FOLLOWER
    } catch (error) {
      partition.reportDamage(error)
      services.logger.error('offsets were not found', { topic, partition: query.partitionIndex, error })
      return services.errorCodeOf(error)
    }
  }
}

/** Every partition once, by topic. One that is named more than once is marked: which time is meant cannot be known. */
function queriesByTopic(request: Request): Map<string, Map<number, Query | 'repeated'>> {
  const byTopic = new Map<string, Map<number, Query | 'repeated'>>()
  for (const { name, partitions } of request.topics) {
    let queries = byTopic.get(name)
    if (queries === undefined) byTopic.set(name, (queries = new Map()))
    for (const query of partitions) queries.set(query.partitionIndex, queries.has(query.partitionIndex) ? 'repeated' : query)
  }
  return byTopic
}

/** The offset that this reader sees the end at. An error while a new leader does not know how much of its log is committed. */
function visibleEnd(
  partition: Partition,
  log: PartitionLog,
  replicaId: number,
  isolationLevel: number,
  version: number,
): { readonly offset: number } | ErrorCode {
  if (replicaId !== CONSUMER) return { offset: log.logEndOffset }
  if (!partition.isEndKnown) {
    return version < FIRST_OFFSET_NOT_AVAILABLE_VERSION ? ERROR_CODES.LEADER_NOT_AVAILABLE : ERROR_CODES.OFFSET_NOT_AVAILABLE
  }
  return { offset: isolationLevel === ISOLATION_LEVELS.readCommitted ? partition.lastStableOffset : partition.highWatermark }
}

async function findOffset(
  partition: Partition,
  log: PartitionLog,
  timestamp: number,
  visibleEndNow: () => { readonly offset: number } | ErrorCode,
): Promise<FoundOffset | ErrorCode> {
  switch (timestamp) {
    case SPECIAL_TIMESTAMPS.latest.timestamp: {
      const end = visibleEndNow()
      return typeof end === 'number' ? end : { offset: end.offset, timestamp: UNKNOWN, leaderEpoch: partition.leaderEpoch }
    }
    case SPECIAL_TIMESTAMPS.earliest.timestamp:
    case SPECIAL_TIMESTAMPS.earliestLocal.timestamp: {
      const offset = log.logStartOffset
      return { offset, timestamp: UNKNOWN, leaderEpoch: log.leaderEpochAt(offset) }
    }
    case SPECIAL_TIMESTAMPS.latestTiered.timestamp:
    case SPECIAL_TIMESTAMPS.earliestPendingUpload.timestamp:
      return NOTHING
    default: {
      const isMax = timestamp === SPECIAL_TIMESTAMPS.maxTimestamp.timestamp
      const found = isMax ? await log.maxTimestampOffset() : await log.offsetForTimestamp(timestamp)
      if (found === null) return NOTHING
      const end = visibleEndNow()
      if (typeof end === 'number') return end
      return found.offset < end.offset ? { offset: found.offset, timestamp: found.timestampMs, leaderEpoch: found.leaderEpoch } : NOTHING
    }
  }
}
