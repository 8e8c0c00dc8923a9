/** One record to each partition, to see that all of them take some. */
import type { Client } from '@millrace/client'
import type { History } from './history.ts'

export interface ProbingOptions {
  readonly client: Client
  readonly topic: string
  readonly partitions: number
  readonly deliveryTimeoutMs: number
  readonly history: History
  readonly sentMs: number
}

/** Resolves not before every partition has acknowledged its record. */
export async function probe({ client, topic, partitions, deliveryTimeoutMs, history, sentMs }: ProbingOptions): Promise<void> {
  const producer = client.producer({ deliveryTimeoutMs })
  const probes = Array.from({ length: partitions }, async (_, partition) => {
    const value = `probe:${partition}:0`
    const record = history.sending({ producer: 'probe', isIdempotent: true, acks: 'all', partition, sequence: 0, value, sentMs })
    const { offset } = await producer.send({ topic, partition, value })
    record.outcome = 'acknowledged'
    record.offset = offset
  })
  await Promise.all(probes)
}
