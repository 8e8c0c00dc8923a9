/** One connection, one small produce request at a time: how long until its acknowledgement. */
import { checkProduced } from './answers.ts'
import { openConnection } from './connection.ts'
import { produceFrame } from './frames.ts'

const ANSWER_HEAD_BYTES = 128

export type LatencyProbe = {
  readonly port: number
  readonly topic: string
  readonly acks: -1 | 1
  readonly batch: Uint8Array
  readonly requests: number
}

/** Milliseconds of each request, in order. */
export async function probeLatency({ port, topic, acks, batch, requests }: LatencyProbe): Promise<Float64Array> {
  const frame = produceFrame({ topic, acks, partitions: [{ index: 0, batch }] })
  const connection = await openConnection(port, ANSWER_HEAD_BYTES)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const latenciesMs = new Float64Array(requests)
  let done = 0
  let sentAtMs = performance.now()
  connection.onLost = reject
  connection.onAnswer = (head) => {
    latenciesMs[done] = performance.now() - sentAtMs
    done += 1
    try {
      checkProduced(head, topic)
    } catch (error) {
      reject(error)
      return
    }
    if (done === requests) {
      resolve()
      return
    }
    sentAtMs = performance.now()
    connection.send(frame)
  }
  sentAtMs = performance.now()
  connection.send(frame)
  try {
    await promise
  } finally {
    connection.close()
  }
  return latenciesMs
}
