/** Produces as fast as the broker answers: several connections, each with its own partition and several requests in flight. */
import { checkProduced } from './answers.ts'
import { openConnection } from './connection.ts'
import { produceFrame } from './frames.ts'

const ANSWER_HEAD_BYTES = 128

export type ProduceLoad = {
  /** Of the broker that leads the partition of each connection; one for all, where there is one broker. */
  readonly port: number | ((partition: number) => number)
  readonly topic: string
  readonly acks: -1 | 1
  readonly batch: Uint8Array
  /** Batches in all; each connection sends its share to the partition of its number. */
  readonly batches: number
  readonly connections: number
  /** Requests in flight on a connection. */
  readonly depth: number
}

/** Resolves when every batch is acknowledged. */
export async function produceAll(load: ProduceLoad): Promise<void> {
  const share = Math.ceil(load.batches / load.connections)
  await Promise.all(Array.from({ length: load.connections }, (_, partition) => produceShare(load, partition, share)))
}

async function produceShare(load: ProduceLoad, partition: number, count: number): Promise<void> {
  const { topic, acks, batch } = load
  const frame = produceFrame({ topic, acks, partitions: [{ index: partition, batch }] })
  const port = typeof load.port === 'number' ? load.port : load.port(partition)
  const connection = await openConnection(port, ANSWER_HEAD_BYTES)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let sent = 0
  let acknowledged = 0
  connection.onLost = reject
  connection.onAnswer = (head) => {
    try {
      checkProduced(head, topic)
    } catch (error) {
      reject(error)
      return
    }
    acknowledged += 1
    if (sent < count) {
      sent += 1
      connection.send(frame)
    } else if (acknowledged === count) {
      resolve()
    }
  }
  for (; sent < Math.min(load.depth, count); sent += 1) connection.send(frame)
  try {
    await promise
  } finally {
    connection.close()
  }
}
