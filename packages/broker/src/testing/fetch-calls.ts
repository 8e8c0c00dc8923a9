/** Fetch requests by topic name, with what a consumer would send where a test does not care. */
import { batchBaseOffset, batchProducerId, batchSizeInBytes, fetchApi, isControl, isTransactional } from '@millrace/protocol'
import type { Decoded, fetchResponse } from '@millrace/protocol'
import { valuesOf } from './batches.ts'
import type { BrokerFixture } from './broker-fixture.ts'
import type { Exchange } from './exchange.ts'

/** The newest version that names topics. */
const NAMED_VERSION = 12
const MIB = 1024 * 1024

export interface FetchedPartition {
  readonly topic?: string
  readonly partition?: number
  readonly fetchOffset?: number
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

export interface FetchOptions {
  readonly version?: number
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly isolationLevel?: number
  readonly sessionId?: number
  readonly sessionEpoch?: number
  readonly replicaId?: number
  readonly forgotten?: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
}

export type FetchResponse = Decoded<typeof fetchResponse>
export type FetchResult = FetchResponse['responses'][number]['partitions'][number]

/** Partition 0 of `a` from its beginning unless said otherwise; does not wait unless told to. */
export function sendFetch(
  broker: BrokerFixture,
  partitions: readonly FetchedPartition[] = [{}],
  options: FetchOptions = {},
): Exchange<typeof fetchResponse> {
  const { version = NAMED_VERSION, forgotten = [], ...rest } = options
  const topics = partitions.map(({ topic = 'a', ...partition }) => ({
    topic,
    partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: MIB, ...partition }],
  }))
  return broker.send(fetchApi, version, { maxWaitMs: 0, minBytes: 1, ...rest, topics, forgottenTopicsData: forgotten })
}

export function fetchAll(
  broker: BrokerFixture,
  partitions: readonly FetchedPartition[] = [{}],
  options: FetchOptions = {},
): Promise<FetchResponse> {
  return sendFetch(broker, partitions, options).answer()
}

export async function fetchOne(broker: BrokerFixture, partition: FetchedPartition = {}, options: FetchOptions = {}): Promise<FetchResult> {
  return onlyResult(await fetchAll(broker, [partition], options))
}

export function onlyResult(answer: FetchResponse): FetchResult {
  const [result, ...others] = answer.responses.flatMap(({ partitions }) => partitions)
  if (result === undefined || others.length > 0) throw new Error('the answer is not for one partition')
  return result
}

/** Values of the records of whole batches, in order; a batch that is cut at the end is left out, as a client does. */
export function fetchedValues({ records }: FetchResult): string[] {
  return wholeBatches(records ?? new Uint8Array(0)).flatMap(valuesOf)
}

export function wholeBatches(records: Uint8Array): Uint8Array[] {
  const batches: Uint8Array[] = []
  for (let at = 0; at + 12 <= records.length; ) {
    const size = batchSizeInBytes(records, at)
    if (at + size > records.length) break
    batches.push(records.subarray(at, at + size))
    at += size
  }
  return batches
}

/** What a consumer of committed records is shown of the partition, which leaves out what was aborted, as consumers do. */
export async function committedValues(broker: BrokerFixture, topic: string, partition: number): Promise<string[]> {
  const fetched = await fetchOne(broker, { topic, partition }, { isolationLevel: 1 })
  const aborted = (fetched.abortedTransactions ?? []).toSorted((one, other) => one.firstOffset - other.firstOffset)
  const aborting = new Set<number>()
  const values: string[] = []
  for (const batch of wholeBatches(fetched.records ?? new Uint8Array(0))) {
    const producerId = batchProducerId(batch, 0)
    while (aborted[0] !== undefined && aborted[0].firstOffset <= batchBaseOffset(batch, 0)) aborting.add(aborted.shift()?.producerId ?? -1)
    if (isControl(batch, 0)) aborting.delete(producerId)
    else if (!isTransactional(batch, 0) || !aborting.has(producerId)) values.push(...valuesOf(batch))
  }
  return values
}
