/** Reads partitions from offset 0 to their end and throws the bytes away, as a consumer that catches up. */
import { FETCH_HEAD_BYTES, readFetched } from './answers.ts'
import { openConnection } from './connection.ts'
import { fetchFrame } from './frames.ts'

const MAX_WAIT_MS = 500

export type FetchLoad = {
  readonly port: number
  readonly topic: string
  /** One connection for each partition. */
  readonly partitions: number
  readonly maxBytes: number
  /** Every batch in the topic has this size and this many records: that is how the next offset is known without decoding. */
  readonly batchBytes: number
  readonly batchRecords: number
}

/** Resolves with the bytes of whole batches received. */
export async function fetchAll(load: FetchLoad): Promise<number> {
  const shares = await Promise.all(Array.from({ length: load.partitions }, (_, partition) => fetchPartition(load, partition)))
  return shares.reduce((sum, bytes) => sum + bytes, 0)
}

async function fetchPartition(load: FetchLoad, partition: number): Promise<number> {
  const { topic, maxBytes, batchBytes, batchRecords } = load
  const connection = await openConnection(load.port, FETCH_HEAD_BYTES)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let offset = 0
  const ask = (): void => connection.send(fetchFrame({ topic, partition, offset, maxBytes, minBytes: 1, maxWaitMs: MAX_WAIT_MS }))
  connection.onLost = reject
  connection.onAnswer = (head) => {
    try {
      const { recordsBytes, highWatermark } = readFetched(head, topic)
      offset += Math.floor(recordsBytes / batchBytes) * batchRecords
      if (offset >= highWatermark) resolve()
      else if (recordsBytes < batchBytes) throw new Error(`fetch from ${topic} at ${offset} of ${highWatermark} got ${recordsBytes} bytes`)
      else ask()
    } catch (error) {
      reject(error)
    }
  }
  ask()
  try {
    await promise
  } finally {
    connection.close()
  }
  return (offset / batchRecords) * batchBytes
}
