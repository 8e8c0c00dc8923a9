/** What an assignment means in offsets: every partition with where it starts and ends. */
import { ERROR_CODES } from '@millrace/protocol'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { type PartitionName, partitionKey } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { listOffsets, type OffsetQuery } from '../offsets/list-offsets.ts'
import type { Assignment, ResolvedConsumerOptions } from './consumer-options.ts'

export interface AssignedRange extends PartitionName {
  readonly startOffset: number
  /** Exclusive; infinity for a partition that is read for ever. */
  readonly endOffset: number
}

interface PartitionAssignment extends Assignment {
  readonly partition: number
}

/** Rejects for partitions that are not there, and for a start that lies behind the end of the log. */
export async function resolveRanges(
  cluster: Cluster,
  assignments: readonly Assignment[],
  options: ResolvedConsumerOptions,
): Promise<AssignedRange[]> {
  const wanted = await expand(cluster, assignments)
  const starts = await startsOf(cluster, wanted, options)
  const ends = await endsOf(cluster, wanted, options)
  const ranges = wanted.map(({ topic, partition }) => {
    const key = partitionKey({ topic, partition })
    return { topic, partition, startOffset: starts.get(key) ?? 0, endOffset: ends.get(key) ?? Number.POSITIVE_INFINITY }
  })
  return withoutLostStarts(cluster, ranges, options)
}

async function expand(cluster: Cluster, assignments: readonly Assignment[]): Promise<PartitionAssignment[]> {
  const expanded: PartitionAssignment[] = []
  for (const assignment of assignments) {
    const { topic, partition } = assignment
    const { partitions } = await cluster.topic(topic)
    if (partition === undefined) {
      for (const view of partitions) expanded.push({ ...assignment, partition: view.partition })
    } else if (partitions[partition] === undefined) {
      const message = `topic "${topic}" has partitions 0 to ${partitions.length - 1}, not ${partition}`
      throw new ClientError(CLIENT_ERROR_CODES.invalidArgument, message, { topic, partition })
    } else expanded.push({ ...assignment, partition })
  }
  return expanded
}

/** A time after the newest record starts at the end. */
async function startsOf(
  cluster: Cluster,
  wanted: readonly PartitionAssignment[],
  { isolationLevel }: ResolvedConsumerOptions,
): Promise<Map<string, number>> {
  const starts = new Map<string, number>()
  const queries: OffsetQuery[] = []
  for (const { topic, partition, from = 'earliest' } of wanted) {
    if (typeof from === 'number') starts.set(partitionKey({ topic, partition }), from)
    else queries.push({ topic, partition, target: from })
  }
  const late: OffsetQuery[] = []
  for (const { topic, partition, offset } of await listOffsets(cluster, queries, isolationLevel)) {
    if (offset === null) late.push({ topic, partition, target: 'latest' })
    else starts.set(partitionKey({ topic, partition }), offset)
  }
  for (const answer of await listOffsets(cluster, late, isolationLevel)) starts.set(partitionKey(answer), answer.offset ?? 0)
  return starts
}

async function endsOf(
  cluster: Cluster,
  wanted: readonly PartitionAssignment[],
  { isolationLevel }: ResolvedConsumerOptions,
): Promise<Map<string, number>> {
  const ends = new Map<string, number>()
  const queries: OffsetQuery[] = []
  for (const { topic, partition, until } of wanted) {
    if (until === 'end') queries.push({ topic, partition, target: 'latest' })
    else if (until !== undefined) ends.set(partitionKey({ topic, partition }), until)
  }
  for (const answer of await listOffsets(cluster, queries, isolationLevel)) ends.set(partitionKey(answer), answer.offset ?? 0)
  return ends
}

/**
 * A range that ends before it starts is never fetched, so nobody would notice that the log does not have its start. (With
 * read_committed it may have it all the same: behind an open transaction.)
 */
async function withoutLostStarts(
  cluster: Cluster,
  ranges: readonly AssignedRange[],
  { onOffsetOutOfRange }: ResolvedConsumerOptions,
): Promise<AssignedRange[]> {
  const suspects = ranges.filter(({ startOffset, endOffset }) => startOffset > endOffset)
  const queries = suspects.map(({ topic, partition }) => ({ topic, partition, target: 'latest' }) as const)
  const logEnds = new Map<string, number>()
  for (const answer of await listOffsets(cluster, queries, 'read_uncommitted')) logEnds.set(partitionKey(answer), answer.offset ?? 0)
  const resolved: AssignedRange[] = []
  for (const range of ranges) {
    const { topic, partition, startOffset, endOffset } = range
    const isLost = startOffset > (logEnds.get(partitionKey(range)) ?? Number.POSITIVE_INFINITY)
    if (isLost && onOffsetOutOfRange === 'error') throw outOfRange(topic, partition, startOffset)
    const [answer] = isLost ? await listOffsets(cluster, [{ topic, partition, target: 'earliest' }], 'read_uncommitted') : []
    const restart = onOffsetOutOfRange === 'earliest' ? (answer?.offset ?? 0) : endOffset
    resolved.push(isLost ? { ...range, startOffset: restart } : range)
  }
  return resolved
}

export function outOfRange(topic: string, partition: number, offset: number): ClientError {
  return brokerError(
    ERROR_CODES.OFFSET_OUT_OF_RANGE,
    { topic, partition },
    `"${topic}" partition ${partition} does not have offset ${offset} (any more); set onOffsetOutOfRange to go on elsewhere`,
  )
}
