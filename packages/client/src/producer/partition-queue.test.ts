import { expect, it } from 'vitest'
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
