/** What tests say to one partition, over one connection, in as few words as the protocol allows. */
import {
  buildBatch,
  createTopicsApi,
  type BatchInput,
  type Decoded,
  ERROR_CODES,
  errorName,
  fetchApi,
  type fetchResponse,
  listOffsetsApi,
  produceApi,
  type produceResponse,
} from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { readRecordSet, type ReadRecord } from './record-set.ts'
import type { WireConnection } from './wire-connection.ts'

/** The last versions that name topics by their names. */
const PRODUCE_VERSION = 12
const FETCH_VERSION = 12

const LATEST = -1
const EARLIEST = -2

export type ProduceAnswer = Decoded<typeof produceResponse>['responses'][number]['partitionResponses'][number]
export type FetchAnswer = Decoded<typeof fetchResponse>['responses'][number]['partitions'][number]

export interface TopicOptions {
  readonly partitions?: number
  readonly configs?: Readonly<Record<string, string>>
}

export async function createTopic(connection: WireConnection, name: string, options: TopicOptions = {}): Promise<void> {
  const configs = Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value }))
  const topic = { name, numPartitions: options.partitions ?? 1, replicationFactor: 1, assignments: [], configs }
  const { topics } = await connection.call(createTopicsApi, 7, { topics: [topic], timeoutMs: 30_000, validateOnly: false })
  const errorCode = topics[0]?.errorCode
  if (errorCode !== ERROR_CODES.NONE) throw new Error(`${name} was not created: ${errorName(errorCode ?? -1)} ${topics[0]?.errorMessage}`)
}

/** A batch with one record for each value. */
export function batchOf(values: readonly (string | Uint8Array)[], options: Partial<BatchInput> = {}): Uint8Array {
  const records = values.map((value) => ({ timestamp: Date.now(), key: null, value: Buffer.from(value) }))
  return buildBatch({ records, crc32c, ...options })
}

export function produceRequest(topic: string, partition: number, records: Uint8Array, acks: number) {
  return {
    transactionalId: null,
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  }
}

export async function produce(
  connection: WireConnection,
  topic: string,
  records: Uint8Array | readonly (string | Uint8Array)[],
  { partition = 0, acks = -1 }: { readonly partition?: number; readonly acks?: number } = {},
): Promise<ProduceAnswer> {
  const batch = records instanceof Uint8Array ? records : batchOf(records)
  const { responses } = await connection.call(produceApi, PRODUCE_VERSION, produceRequest(topic, partition, batch, acks))
  return responses[0]?.partitionResponses[0] as ProduceAnswer
}

/** Sends a produce request that is not answered. */
export function produceUnanswered(connection: WireConnection, topic: string, records: readonly (string | Uint8Array)[]): void {
  connection.send(produceApi, PRODUCE_VERSION, produceRequest(topic, 0, batchOf(records), 0))
}

export interface FetchOptions {
  readonly partition?: number
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
  readonly isolationLevel?: number
}

export function fetchRequest(topic: string, fetchOffset: number, options: FetchOptions = {}) {
  const { partition = 0, partitionMaxBytes = 1024 * 1024 } = options
  return {
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 1,
    maxBytes: options.maxBytes ?? 50 * 1024 * 1024,
    isolationLevel: options.isolationLevel ?? 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes }] }],
    forgottenTopicsData: [],
    rackId: '',
  }
}

export async function fetchOnce(
  connection: WireConnection,
  topic: string,
  fetchOffset: number,
  options: FetchOptions = {},
): Promise<FetchAnswer> {
  const { errorCode, responses } = await connection.call(fetchApi, FETCH_VERSION, fetchRequest(topic, fetchOffset, options))
  if (errorCode !== ERROR_CODES.NONE) throw new Error(`the fetch was refused: ${errorName(errorCode)}`)
  return responses[0]?.partitions[0] as FetchAnswer
}

/** All that a consumer sees from an offset on; throws on any error. */
export async function readFrom(
  connection: WireConnection,
  topic: string,
  offset = 0,
  options: FetchOptions = {},
): Promise<readonly ReadRecord[]> {
  const read: ReadRecord[] = []
  for (let next = offset; ; ) {
    const answer = await fetchOnce(connection, topic, next, options)
    if (answer.errorCode !== ERROR_CODES.NONE) throw new Error(`${topic} cannot be read from ${next}: ${errorName(answer.errorCode)}`)
    const { records, nextOffset } = readRecordSet(answer.records, next)
    read.push(...records)
    if (nextOffset === next) return read
    next = nextOffset
  }
}

export async function valuesFrom(connection: WireConnection, topic: string, offset = 0, options: FetchOptions = {}): Promise<string[]> {
  return (await readFrom(connection, topic, offset, options)).map(({ value }) => value)
}

/** Offset and timestamp for a timestamp, -1 (the end) or -2 (the start). */
export async function offsetFor(connection: WireConnection, topic: string, timestamp: number, partition = 0, isolationLevel = 0) {
  const partitions = [{ partitionIndex: partition, timestamp }]
  const answer = await connection.call(listOffsetsApi, 7, { replicaId: -1, isolationLevel, topics: [{ name: topic, partitions }] })
  const found = answer.topics[0]?.partitions[0]
  if (found === undefined || found.errorCode !== ERROR_CODES.NONE) {
    throw new Error(`no offset of ${topic} for ${timestamp}: ${errorName(found?.errorCode ?? -1)}`)
  }
  return { offset: found.offset, timestamp: found.timestamp }
}

export async function endOffset(connection: WireConnection, topic: string, partition = 0): Promise<number> {
  return (await offsetFor(connection, topic, LATEST, partition)).offset
}

export async function startOffset(connection: WireConnection, topic: string, partition = 0): Promise<number> {
  return (await offsetFor(connection, topic, EARLIEST, partition)).offset
}
