import { describe, expect, it } from 'vitest'
import { PartitionQueue } from './partition-queue.ts'
import { PendingBatch } from './pending-batch.ts'

it('lets a batch expire at the very time at which its sender was to wake for it, whatever fractions come to', () => {
  const deliveryTimeoutMs = 15_000
  for (let index = 0; index < 10_000; index += 1) {
    const createdAtMs = index * 1.0101010101
    const queue = new PartitionQueue('t', 0, { isIdempotent: false, maxInFlight: 1, lingerMs: 0 })
    queue.push(new PendingBatch('t', 0, createdAtMs, () => undefined))
    expect(queue.expire(createdAtMs + deliveryTimeoutMs, deliveryTimeoutMs), `created at ${createdAtMs}`).toHaveLength(1)
  }
})

describe('a batch that is refused by its sequence number', () => {
  /** Two batches under way, each sent so many times. */
  function twoUnderWay(attempts: number): { readonly queue: PartitionQueue; readonly batches: readonly PendingBatch[] } {
    const queue = new PartitionQueue('t', 0, { isIdempotent: true, maxInFlight: 5, lingerMs: 0 })
    queue.setIdentity({ producerId: 1, producerEpoch: 0 })
    const add = (): void => {
      const batch = new PendingBatch('t', 0, 0, () => undefined)
      batch.add({ timestamp: 0, key: null, value: null, headers: [] }, 1, { resolve: () => undefined, reject: () => undefined })
      queue.push(batch)
    }
    add()
    queue.succeeded(queue.take())
    add()
    add()
    let batches: PendingBatch[] = []
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      for (const batch of batches) queue.failedForNow(batch, 0)
      batches = [queue.take(), queue.take()]
    }
    return { queue, batches }
  }

  it('is not sent again when it was sent before and the broker may have forgotten that it has it', () => {
    const { queue, batches } = twoUnderWay(2)
    expect(batches.map((batch) => queue.refusedBySequence(batch, 0))).toEqual([false, false])
    expect([queue.isEmpty, queue.identity]).toEqual([true, { producerId: 1, producerEpoch: 1 }])
  })

  it('is sent again in the next epoch when the one before it was lost and it was sent but once', () => {
    const { queue, batches } = twoUnderWay(1)
    expect(batches.map((batch) => queue.refusedBySequence(batch, 0))).toEqual([false, true])
    expect(queue.identity).toEqual({ producerId: 1, producerEpoch: 1 })
    expect(queue.take()).toMatchObject({ baseSequence: 0, attempts: 2 })
  })
})
