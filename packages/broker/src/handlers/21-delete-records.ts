/**
 * DeleteRecords (API key 21), versions 0-2.
 *
 * Moves the beginning of a partition: records below the given offset are gone for every reader, and stay gone after a crash.
 * -1 stands for the high watermark, that is, for everything that can be read. It is answered when every replica that lives has
 * done so, or the time is up.
 *
 * A compacted topic refuses: taking its beginning away would lose the last value of keys that nobody meant. So do the topics of
 * the coordinators.
 */
import { isInternalTopic } from '@millrace/metadata'
import { deleteRecordsApi, ERROR_CODES } from '@millrace/protocol'
import type { Decoded, deleteRecordsRequest, deleteRecordsResponse, Encodable, ErrorCode } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { whenDeletedEverywhere } from '../partition/low-watermark-wait.ts'
import type { Partition } from '../partition/partition.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Request = Decoded<typeof deleteRecordsRequest>
type PartitionBody = Encodable<typeof deleteRecordsResponse>['topics'][number]['partitions'][number]

const HIGH_WATERMARK = -1
const NO_LOW_WATERMARK = -1

export function deleteRecordsHandler(services: BrokerServices): Handler {
  return defineHandler(deleteRecordsApi, async (request) => {
    const topics = [...offsetsByTopic(request)].map(async ([name, offsets]) => ({
      name,
      partitions: await Promise.all([...offsets].map(([index, offset]) => deleteBefore(name, index, offset, request.timeoutMs))),
    }))
    return { throttleTimeMs: 0, topics: await Promise.all(topics) }
  })

  async function deleteBefore(topic: string, partitionIndex: number, offset: number, timeoutMs: number): Promise<PartitionBody> {
    const failed = (errorCode: ErrorCode): PartitionBody => ({ partitionIndex, lowWatermark: NO_LOW_WATERMARK, errorCode })
    const partition = services.partitions.find(topic, partitionIndex)
    if (typeof partition === 'number') return failed(partition)
    if (isInternalTopic(topic)) return failed(ERROR_CODES.INVALID_TOPIC_EXCEPTION)
    const { cleanupPolicy } = partition.config
    if (cleanupPolicy.compact && !cleanupPolicy.delete) return failed(ERROR_CODES.POLICY_VIOLATION)
    try {
      const log = await partition.open()
      if (!partition.isLeader) return failed(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
      const end = endOf(partition, offset)
      if (end === null) return failed(ERROR_CODES.OFFSET_OUT_OF_RANGE)
      log.deleteRecordsBefore(end)
      await services.logDirectory.persistLogStart(log)
      const errorCode = await whenDeletedEverywhere(partition, end, services.clock, timeoutMs)
      return errorCode === ERROR_CODES.NONE ? { partitionIndex, lowWatermark: partition.lowWatermark, errorCode } : failed(errorCode)
    } catch (error) {
      services.logger.error('records were not deleted', { topic, partition: partitionIndex, error })
      return failed(services.errorCodeOf(error))
    }
  }
}

/** Each partition once: of several offsets, the last. */
function offsetsByTopic(request: Request): Map<string, Map<number, number>> {
  const byTopic = new Map<string, Map<number, number>>()
  for (const { name, partitions } of request.topics) {
    let offsets = byTopic.get(name)
    if (offsets === undefined) byTopic.set(name, (offsets = new Map()))
    for (const { partitionIndex, offset } of partitions) offsets.set(partitionIndex, offset)
  }
  return byTopic
}

/** The offset to delete up to; null when it is not within what can be read. */
function endOf(partition: Partition, offset: number): number | null {
  if (offset === HIGH_WATERMARK) return partition.highWatermark
  return offset >= 0 && offset <= partition.highWatermark ? offset : null
}
