/** Requests as ready bytes. The versions are those that name a topic, so that nobody has to look up its id. */
import { buildBatch, crc32cByTables, encodeRequestFrame, fetchApi, produceApi } from '@millrace/protocol'

const CLIENT_ID = 'bench'
export const PRODUCE_VERSION = 12
export const FETCH_VERSION = 12

const RECORD_TIMEOUT_MS = 30_000

export type ProduceFrameOptions = {
  readonly topic: string
  readonly acks: -1 | 1
  readonly partitions: readonly { readonly index: number; readonly batch: Uint8Array }[]
}

/** A batch of `count` records without keys, `valueBytes` each. The bytes do not compress to nothing, but they repeat. */
export function batchOf(count: number, valueBytes: number): Uint8Array {
  const timestamp = Date.now()
  const records = Array.from({ length: count }, (_, index) => {
    const value = Buffer.alloc(valueBytes)
    for (let at = 0; at < valueBytes; at += 1) value[at] = (at * 31 + index * 17 + (at >> 3)) & 0xff
    return { timestamp, key: null, value }
  })
  return buildBatch({ records, crc32c: crc32cByTables })
}

/** The batch of the most such records that stays within `limitBytes`. */
export function fullBatch(limitBytes: number, valueBytes: number): { readonly batch: Uint8Array; readonly records: number } {
  const recordBytes = batchOf(2, valueBytes).length - batchOf(1, valueBytes).length
  let records = Math.floor(limitBytes / recordBytes)
  let batch = batchOf(records, valueBytes)
  while (batch.length > limitBytes) {
    records -= 1
    batch = batchOf(records, valueBytes)
  }
  return { batch, records }
}

export function produceFrame({ topic, acks, partitions }: ProduceFrameOptions): Buffer {
  const partitionData = partitions.map(({ index, batch }) => ({ index, records: batch }))
  const body = { acks, timeoutMs: RECORD_TIMEOUT_MS, topicData: [{ name: topic, partitionData }] }
  return Buffer.concat(encodeRequestFrame(produceApi, PRODUCE_VERSION, 1, CLIENT_ID, body))
}

export type FetchFrameOptions = {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxBytes: number
  readonly minBytes: number
  readonly maxWaitMs: number
}

/** A fetch of one partition, outside any session. */
export function fetchFrame({ topic, partition, offset, maxBytes, minBytes, maxWaitMs }: FetchFrameOptions): Buffer {
  const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: maxBytes }]
  const body = {
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    topics: [{ topic, partitions }],
    forgottenTopicsData: [],
    rackId: '',
  }
  return Buffer.concat(encodeRequestFrame(fetchApi, FETCH_VERSION, 1, CLIENT_ID, body))
}
