/**
 * DescribeLogDirs (API key 35), versions 1-5.
 *
 * What this broker holds on disk: one log directory, the partitions in it and their sizes, and the room on its volume. Partitions
 * that nothing was written to yet are there with size 0, as the metadata has them. The lag of one that follows is what it misses of
 * its leader's high watermark, -1 where that is not known.
 *
 * Version notes: 3 an error code for the whole; 4 size and free space of the volume; 5 whether the directory takes new
 * partitions, which it always does.
 */
import { describeLogDirsApi, ERROR_CODES } from '@millrace/protocol'
import type { Decoded, describeLogDirsRequest, describeLogDirsResponse, Encodable } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Request = Decoded<typeof describeLogDirsRequest>
type DirectoryBody = Encodable<typeof describeLogDirsResponse>['results'][number]
type TopicBody = DirectoryBody['topics'][number]

export function describeLogDirsHandler(services: BrokerServices): Handler {
  return defineHandler(describeLogDirsApi, (request) => ({
    throttleTimeMs: 0,
    errorCode: ERROR_CODES.NONE,
    results: [describeDirectory(request)],
  }))

  function describeDirectory(request: Request): DirectoryBody {
    const { logDirectory } = services
    const logDir = logDirectory.path
    if (logDirectory.offlineError !== null) return { errorCode: ERROR_CODES.KAFKA_STORAGE_ERROR, logDir, topics: [] }
    try {
      const topics = topicsOf(request)
      const space = logDirectory.space()
      const volume = space === null ? {} : { totalBytes: space.totalBytes, usableBytes: space.freeBytes }
      return { errorCode: ERROR_CODES.NONE, logDir, topics, ...volume }
    } catch (error) {
      services.logger.error('the log directory was not described', { path: logDir, error })
      return { errorCode: services.errorCodeOf(error), logDir, topics: [] }
    }
  }

  /** The partitions that are asked for and hosted here; null asks for all. */
  function topicsOf(request: Request): TopicBody[] {
    const image = services.feed.image()
    const wanted = request.topics === null ? null : partitionsByTopic(request.topics)
    if (wanted !== null && wanted.size === 0) return []
    const sizes = sizesByTopic(services)
    const described: TopicBody[] = []
    for (const name of wanted?.keys() ?? [...image.topics].map((topic) => topic.name)) {
      const indexes = wanted?.get(name)
      const partitions: TopicBody['partitions'][number][] = []
      const topic = image.topics.get(name)
      topic?.partitions.forEach(({ replicas }, partitionIndex) => {
        if (!replicas.includes(services.nodeId) || (indexes !== undefined && !indexes.has(partitionIndex))) return
        const partitionSize = sizes.get(name)?.get(partitionIndex) ?? 0
        const offsetLag = services.replicaStatus(topic.id, partitionIndex)?.lag ?? 0
        partitions.push({ partitionIndex, partitionSize, offsetLag, isFutureKey: false })
      })
      if (partitions.length > 0) described.push({ name, partitions })
    }
    return described
  }
}

function sizesByTopic({ logDirectory }: BrokerServices): ReadonlyMap<string, ReadonlyMap<number, number>> {
  const sizes = new Map<string, Map<number, number>>()
  for (const { topic, partition, sizeBytes } of logDirectory.describe()) {
    let byPartition = sizes.get(topic)
    if (byPartition === undefined) sizes.set(topic, (byPartition = new Map()))
    byPartition.set(partition, sizeBytes)
  }
  return sizes
}

function partitionsByTopic(topics: NonNullable<Request['topics']>): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>()
  for (const { topic, partitions } of topics) {
    const indexes = wanted.get(topic) ?? new Set<number>()
    for (const index of partitions) indexes.add(index)
    wanted.set(topic, indexes)
  }
  return wanted
}
