import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { addReader, append, FSYNC_IDLE_MS, openedPartition, REPLICATED_IDLE_MS, Waiters } from '../testing/opened-partition.ts'
import { settled } from '../testing/settled.ts'

let broker: BrokerFixture
/** Lets the syncs go that a test held back. */
let release = (): void => {}

beforeEach(async () => {
  broker = await BrokerFixture.start()
})

afterEach(async () => {
  release()
  await broker.close()
})

describe('a flush', () => {
  it('serves all who wait, and those who come meanwhile share the next', async () => {
    const { partition, flushes } = await openedPartition(broker)
    release = broker.disk.holdSyncs()
    const waiters = new Waiters()
    for (let offset = 1; offset <= 10; offset += 1) {
      append(partition)
      waiters.add(partition, offset)
    }
    await settled()
    expect(flushes()).toBe(1)
    release()
    await settled()
    expect(flushes()).toBe(2)
    expect(waiters.told).toHaveLength(10)
  })

  it('comes at once for a reader who waits, if there is something to flush', async () => {
    const { partition, flushes } = await openedPartition(broker)
    const { waiter } = addReader(partition)
    expect(flushes()).toBe(0)
    append(partition)
    expect(flushes()).toBe(1)
    partition.removeVisibilityWaiter(waiter)
    await settled()
    append(partition)
    expect(flushes()).toBe(1)
    addReader(partition)
    expect(flushes()).toBe(2)
  })

  it.each([
    { configs: {}, delayMs: FSYNC_IDLE_MS },
    { configs: { durability: 'replicated' }, delayMs: REPLICATED_IDLE_MS },
    { configs: { durability: 'replicated', 'flush.ms': '100' }, delayMs: 100 },
    { configs: { durability: 'replicated', 'flush.ms': '5000' }, delayMs: REPLICATED_IDLE_MS },
  ])('that nobody waits for comes after $delayMs ms with $configs, once for all', async ({ configs, delayMs }) => {
    const { partition, log, flushes } = await openedPartition(broker, configs)
    append(partition)
    append(partition)
    broker.clock.advance(delayMs - 1)
    expect(flushes()).toBe(0)
    broker.clock.advance(1)
    expect(flushes()).toBe(1)
    await settled()
    expect(log.durableEndOffset).toBe(2)
    broker.clock.advance(10 * delayMs)
    expect(flushes()).toBe(1)
  })

  it('comes with the record that makes it flush.messages', async () => {
    const { partition, flushes } = await openedPartition(broker, { durability: 'replicated', 'flush.messages': '3' })
    append(partition, 2)
    expect(flushes()).toBe(0)
    append(partition)
    expect(flushes()).toBe(1)
    await settled()
    append(partition, 2)
    expect(flushes()).toBe(1)
  })

  it('comes when too much lies in the page cache alone', async () => {
    const { partition, flushes } = await openedPartition(broker, { durability: 'replicated', 'max.message.bytes': '20000000' })
    const large = batchOf({ records: ['x'.repeat(16 * 1024 * 1024)] })
    for (let count = 0; count < 4; count += 1) {
      expect(flushes()).toBe(0)
      partition.stage(large.slice(), () => {})
      partition.commitStaged()
    }
    expect(flushes()).toBe(1)
  })

  it('that failed fails all who wait and wakes all who read, and the partition takes nothing more', async () => {
    const { partition } = await openedPartition(broker)
    const { seen } = addReader(partition)
    broker.disk.failNext({ operation: 'sync' })
    const waiters = new Waiters()
    append(partition, 2)
    waiters.add(partition, 2)
    waiters.add(partition, 1)
    await settled()
    const offline = ERROR_CODES.KAFKA_STORAGE_ERROR
    expect(waiters.told).toEqual([`1: ${offline}`, `2: ${offline}`])
    expect(seen).toEqual([0])
    expect(() => partition.stage(batchOf(), () => {})).toThrow(expect.objectContaining({ name: 'StorageError' }) as Error)
    waiters.add(partition, 2)
    await settled()
    expect(waiters.told).toHaveLength(3)
    expect(partition.highWatermark).toBe(0)
  })
})

describe('writing', () => {
  it('tells those who staged a batch that it was written, in order', async () => {
    const { partition } = await openedPartition(broker)
    const told: string[] = []
    partition.stage(batchOf(), (errorCode) => told.push(`first ${errorCode}`))
    partition.stage(batchOf(), (errorCode) => told.push(`second ${errorCode}`))
    expect(told).toEqual([])
    partition.commitStaged()
    partition.commitStaged()
    expect(told).toEqual(['first 0', 'second 0'])
  })

  it('that failed is told to all who staged in that turn, and to nobody else', async () => {
    const { partition, log } = await openedPartition(broker)
    broker.disk.failNext({ operation: 'write', code: 'ERR_DISK_FULL', writtenBytes: 80 })
    expect(append(partition, 2)).toEqual([ERROR_CODES.KAFKA_STORAGE_ERROR, ERROR_CODES.KAFKA_STORAGE_ERROR])
    expect(log.logEndOffset).toBe(0)
    expect(append(partition, 2)).toEqual([0, 0])
    expect(log.logEndOffset).toBe(2)
  })

  it('that failed behind the end of a segment keeps what went before, which is flushed as all else', async () => {
    const { partition, log } = await openedPartition(broker, { 'segment.bytes': '1048576' })
    const large = batchOf({ records: ['x'.repeat(700_000)] })
    broker.disk.failNext({ operation: 'write', code: 'ERR_DISK_FULL', pathIncludes: '1.log' })
    const told: number[] = []
    for (let count = 0; count < 2; count += 1) partition.stage(large.slice(), (errorCode) => void told.push(errorCode))
    partition.commitStaged()
    // The first one's producer is told of a failure that was none, which it has to expect of any answer.
    expect(told).toEqual([ERROR_CODES.KAFKA_STORAGE_ERROR, ERROR_CODES.KAFKA_STORAGE_ERROR])
    expect(log.logEndOffset).toBe(1)
    broker.clock.advance(FSYNC_IDLE_MS)
    await settled()
    expect(partition.highWatermark).toBe(1)
  })

  it('gives batches the epoch of the leader, also after it changed', async () => {
    const { partition, log } = await openedPartition(broker)
    append(partition)
    broker.changePartition('a', 0, { leader: 1 })
    expect(partition.leaderEpoch).toBe(1)
    // Known before anything is appended, as its followers would ask.
    expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 1 })
    expect(log.endOffsetForEpoch(1)).toEqual({ epoch: 1, endOffset: 1 })
    append(partition)
    expect(log.leaderEpochAt(1)).toBe(1)
  })
})
