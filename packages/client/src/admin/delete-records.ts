/** Removes the oldest records of partitions by moving where their logs start. */
import { type Decoded, deleteRecordsApi, type deleteRecordsResponse, ERROR_CODES } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { PartitionName } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { askLeaders, type LeaderOutcome } from './leaders.ts'

export interface RecordDeletion extends PartitionName {
  /** The first offset to keep; `end` removes all that consumers can see. */
  readonly before: number | 'end'
}

export interface DeletedRecords extends PartitionName {
  /** Where the log starts now. */
  readonly logStartOffset: number
}

const HIGH_WATERMARK = -1

export function deleteRecords(cluster: Cluster, deletions: readonly RecordDeletion[]): Promise<DeletedRecords[]> {
  const timeoutMs = cluster.settings.requestTimeoutMs
  return askLeaders(cluster, deletions, async (connection, topics) => {
    const wire = topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(toWire) }))
    const answer = await connection.request(deleteRecordsApi, { topics: wire, timeoutMs })
    return answer.topics.flatMap(({ name, partitions }) => partitions.map((entry) => outcomeOf(name, entry)))
  })
}

function toWire({ partition, before }: RecordDeletion) {
  return { partitionIndex: partition, offset: before === 'end' ? HIGH_WATERMARK : before }
}

type AnswerEntry = Decoded<typeof deleteRecordsResponse>['topics'][number]['partitions'][number]

function outcomeOf(topic: string, { partitionIndex: partition, errorCode, lowWatermark }: AnswerEntry): LeaderOutcome<DeletedRecords> {
  const place = { topic, partition }
  if (errorCode !== ERROR_CODES.NONE) return { ...place, outcome: brokerError(errorCode, place) }
  return { ...place, outcome: { ...place, logStartOffset: lowWatermark } }
}
