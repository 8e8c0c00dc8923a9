/**
 * A producer at a fixed rate and a consumer that waits at the broker: how long from the produce call to the record.
 *
 * Every record is a request of its own. The producer never waits for an answer, so a slow broker does not slow the schedule.
 */
import { batchLastOffset, batchSizeInBytes } from '@millrace/protocol'
import { checkProduced, readFetched } from './answers.ts'
import { openConnection } from './connection.ts'
import { fetchFrame, produceFrame } from './frames.ts'

const ANSWER_HEAD_BYTES = 128
const FETCH_MAX_BYTES = 1024 * 1024
const MAX_WAIT_MS = 500

export type EndToEndProbe = {
  readonly port: number
  /** One partition. */
  readonly topic: string
  readonly firstOffset: number
  readonly batch: Uint8Array
  readonly recordsPerSecond: number
  readonly records: number
}

/** Milliseconds of each record, in order. `batch` must hold one record. */
export async function probeEndToEnd(probe: EndToEndProbe): Promise<Float64Array> {
  const { port, topic, records } = probe
  const frame = produceFrame({ topic, acks: -1, partitions: [{ index: 0, batch: probe.batch }] })
  const producer = await openConnection(port, ANSWER_HEAD_BYTES)
  const consumer = await openConnection(port, FETCH_MAX_BYTES)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const sentAtMs = new Float64Array(records)
  const latenciesMs = new Float64Array(records)
  let received = 0

  const poll = (): void => {
    const offset = probe.firstOffset + received
    consumer.send(fetchFrame({ topic, partition: 0, offset, maxBytes: FETCH_MAX_BYTES, minBytes: 1, maxWaitMs: MAX_WAIT_MS }))
  }
  consumer.onLost = reject
  consumer.onAnswer = (answer) => {
    const nowMs = performance.now()
    try {
      const end = lastOffsetIn(answer, topic) + 1 - probe.firstOffset
      for (; received < end; received += 1) latenciesMs[received] = nowMs - (sentAtMs[received] ?? nowMs)
      if (received >= records) resolve()
      else poll()
    } catch (error) {
      reject(error)
    }
  }
  producer.onLost = reject
  producer.onAnswer = (head) => {
    try {
      checkProduced(head, topic)
    } catch (error) {
      reject(error)
    }
  }

  poll()
  const startMs = performance.now()
  let sent = 0
  const tick = (): void => {
    const due = Math.min(records, 1 + Math.floor(((performance.now() - startMs) * probe.recordsPerSecond) / 1000))
    for (; sent < due; sent += 1) {
      sentAtMs[sent] = performance.now()
      producer.send(frame)
    }
    if (sent === records) clearInterval(timer)
  }
  const timer = setInterval(tick, 1)
  try {
    await promise
  } finally {
    clearInterval(timer)
    producer.close()
    consumer.close()
  }
  return latenciesMs
}

/** -1 when the answer is empty. */
function lastOffsetIn(answer: Buffer, topic: string): number {
  const { recordsBytes, recordsPosition } = readFetched(answer, topic)
  let lastOffset = -1
  for (let at = recordsPosition; at < recordsPosition + recordsBytes; at += batchSizeInBytes(answer, at))
    lastOffset = batchLastOffset(answer, at)
  return lastOffset
}
