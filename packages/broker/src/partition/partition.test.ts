import type { PartitionLog } from '@millrace/log'
import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { batchOf } from '../testing/batches.ts'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { settled } from '../testing/settled.ts'
import type { Partition } from './partition.ts'

const FSYNC_IDLE_MS = 5
const REPLICATED_IDLE_MS = 1000

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

interface Opened {
  readonly partition: Partition
  readonly log: PartitionLog
  /** How often the log was asked to flush. */
  flushes(): number
}

async function opened(configs: Readonly<Record<string, string>> = {}, replicas: readonly number[] = [1]): Promise<Opened> {
  for (const replica of replicas) if (replica !== 1) broker.addBroker(replica)
  broker.addTopic('a', [replicas], configs)
  const log = await broker.log('a')
  const flush = vi.spyOn(log, 'flush')
  return { partition: broker.partition('a'), log, flushes: () => flush.mock.calls.length }
}

/** Appends batches of one record each, in one turn. */
function append(partition: Partition, count = 1): number[] {
  const told: number[] = []
  for (let index = 0; index < count; index += 1) partition.stage(batchOf(), (errorCode) => void told.push(errorCode))
  partition.commitStaged()
  return told
}

/** Notes, in the order in which they are told, what waiters are told. */
class Waiters {
  readonly told: string[] = []

  add(partition: Partition, requiredOffset: number) {
    const waiter = { requiredOffset, onOutcome: (errorCode: number) => void this.told.push(`${requiredOffset}: ${errorCode}`) }
    partition.whenAcknowledged(waiter)
    return waiter
  }
}

function reader(partition: Partition) {
  const seen: number[] = []
  const waiter = { onVisible: () => void seen.push(partition.highWatermark) }
  partition.addVisibilityWaiter(waiter)
  return { waiter, seen }
}

describe('the high watermark', () => {
  it('follows what is durable, and those who wait are told once and in the order of offsets', async () => {
    const { partition } = await opened()
    release = broker.disk.holdSyncs()
    const waiters = new Waiters()
    append(partition, 3)
    for (const offset of [3, 1, 2, 1]) waiters.add(partition, offset)
    expect(partition.highWatermark).toBe(0)
    expect(waiters.told).toEqual([])
    release()
    await settled()
    expect(partition.highWatermark).toBe(3)
    expect(waiters.told).toEqual(['1: 0', '1: 0', '2: 0', '3: 0'])
    waiters.add(partition, 3)
    expect(waiters.told).toHaveLength(5)
  })

  it('follows what is written where the topic asks for no more', async () => {
    const { partition } = await opened({ durability: 'replicated' })
    release = broker.disk.holdSyncs()
    const waiters = new Waiters()
    append(partition, 2)
    waiters.add(partition, 2)
    expect(partition.highWatermark).toBe(2)
    expect(waiters.told).toEqual(['2: 0'])
  })

  it('covers what was durable when the flush began, and not what came meanwhile', async () => {
    const { partition, log } = await opened()
    release = broker.disk.holdSyncs()
    const waiters = new Waiters()
    append(partition)
    waiters.add(partition, 1)
    append(partition)
    waiters.add(partition, 2)
    const first = release
    release = broker.disk.holdSyncs()
    first()
    await settled()
    expect([log.durableEndOffset, partition.highWatermark]).toEqual([1, 1])
    expect(waiters.told).toEqual(['1: 0'])
    release()
    await settled()
    expect(waiters.told).toEqual(['1: 0', '2: 0'])
  })

  it('stands still while fewer replicas have the records than min.insync.replicas asks for', async () => {
    const { partition } = await opened({ durability: 'replicated', 'min.insync.replicas': '2' }, [1, 2])
    const waiters = new Waiters()
    append(partition)
    waiters.add(partition, 1)
    expect(partition.highWatermark).toBe(0)
    broker.setTopicConfig('a', 'min.insync.replicas', '1')
    expect(partition.highWatermark).toBe(1)
    expect(waiters.told).toEqual(['1: 0'])
  })

  it('moves when a change of config lets it, and never back', async () => {
    const { partition } = await opened()
    release = broker.disk.holdSyncs()
    const waiters = new Waiters()
    append(partition, 2)
    waiters.add(partition, 2)
    broker.setTopicConfig('a', 'durability', 'replicated')
    expect(waiters.told).toEqual(['2: 0'])
    broker.setTopicConfig('a', 'durability', 'fsync')
    expect(partition.highWatermark).toBe(2)
    append(partition)
    expect(partition.highWatermark).toBe(2)
  })

  it('is where it was after a restart, for what was flushed was acknowledged', async () => {
    const { partition } = await opened()
    append(partition, 3)
    await broker.restart()
    await broker.log('a')
    expect(broker.partition('a').highWatermark).toBe(3)
  })

  it('tells a waiter no more that gave up', async () => {
    const { partition } = await opened()
    release = broker.disk.holdSyncs()
    const waiters = new Waiters()
    append(partition, 2)
    const first = waiters.add(partition, 1)
    waiters.add(partition, 2)
    partition.cancelAcknowledgement(first)
    partition.cancelAcknowledgement(first)
    release()
    await settled()
    expect(waiters.told).toEqual(['2: 0'])
  })
})

describe('readers who wait', () => {
  it('are told when the high watermark moved, until they leave', async () => {
    const { partition } = await opened()
    const { waiter, seen } = reader(partition)
    append(partition, 2)
    await settled()
    expect(seen).toEqual([2])
    partition.removeVisibilityWaiter(waiter)
    append(partition)
    broker.clock.advance(FSYNC_IDLE_MS)
    await settled()
    expect(seen).toEqual([2])
  })

  it('may leave and come while they are told', async () => {
    const { partition } = await opened({ durability: 'replicated' })
    let told = 0
    const waiter = {
      onVisible: () => {
        told += 1
        partition.removeVisibilityWaiter(waiter)
        partition.addVisibilityWaiter(waiter)
      },
    }
    partition.addVisibilityWaiter(waiter)
    append(partition)
    expect(told).toBe(1)
  })
})

describe('a flush', () => {
  it('serves all who wait, and those who come meanwhile share the next', async () => {
    const { partition, flushes } = await opened()
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
    const { partition, flushes } = await opened()
    const { waiter } = reader(partition)
    expect(flushes()).toBe(0)
    append(partition)
    expect(flushes()).toBe(1)
    partition.removeVisibilityWaiter(waiter)
    await settled()
    append(partition)
    expect(flushes()).toBe(1)
    reader(partition)
    expect(flushes()).toBe(2)
  })

  it.each([
    { configs: {}, delayMs: FSYNC_IDLE_MS },
    { configs: { durability: 'replicated' }, delayMs: REPLICATED_IDLE_MS },
    { configs: { durability: 'replicated', 'flush.ms': '100' }, delayMs: 100 },
    { configs: { durability: 'replicated', 'flush.ms': '5000' }, delayMs: REPLICATED_IDLE_MS },
  ])('that nobody waits for comes after $delayMs ms with $configs, once for all', async ({ configs, delayMs }) => {
    const { partition, log, flushes } = await opened(configs)
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
    const { partition, flushes } = await opened({ durability: 'replicated', 'flush.messages': '3' })
    append(partition, 2)
    expect(flushes()).toBe(0)
    append(partition)
    expect(flushes()).toBe(1)
    await settled()
    append(partition, 2)
    expect(flushes()).toBe(1)
  })

  it('comes when too much lies in the page cache alone', async () => {
    const { partition, flushes } = await opened({ durability: 'replicated', 'max.message.bytes': '20000000' })
    const large = batchOf({ records: ['x'.repeat(16 * 1024 * 1024)] })
    for (let count = 0; count < 4; count += 1) {
      expect(flushes()).toBe(0)
      partition.stage(large.slice(), () => {})
      partition.commitStaged()
    }
    expect(flushes()).toBe(1)
  })

  it('that failed fails all who wait and wakes all who read, and the partition takes nothing more', async () => {
    const { partition } = await opened()
    const { seen } = reader(partition)
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
    const { partition } = await opened()
    const told: string[] = []
    partition.stage(batchOf(), (errorCode) => told.push(`first ${errorCode}`))
    partition.stage(batchOf(), (errorCode) => told.push(`second ${errorCode}`))
    expect(told).toEqual([])
    partition.commitStaged()
    partition.commitStaged()
    expect(told).toEqual(['first 0', 'second 0'])
  })

  it('that failed is told to all who staged in that turn, and to nobody else', async () => {
    const { partition, log } = await opened()
    broker.disk.failNext({ operation: 'write', code: 'ERR_DISK_FULL', writtenBytes: 80 })
    expect(append(partition, 2)).toEqual([ERROR_CODES.KAFKA_STORAGE_ERROR, ERROR_CODES.KAFKA_STORAGE_ERROR])
    expect(log.logEndOffset).toBe(0)
    expect(append(partition, 2)).toEqual([0, 0])
    expect(log.logEndOffset).toBe(2)
  })

  it('that failed behind the end of a segment keeps what went before, which is flushed as all else', async () => {
    const { partition, log } = await opened({ 'segment.bytes': '1048576' })
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
    const { partition, log } = await opened()
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

describe('opening', () => {
  it('is shared by all who ask meanwhile', async () => {
    broker.addTopic('a')
    const partition = broker.partition('a')
    const [first, second] = await Promise.all([partition.open(), partition.open()])
    expect(first).toBe(second)
    expect(await partition.open()).toBe(first)
  })

  it('that failed can be tried again', async () => {
    broker.addTopic('a')
    broker.disk.failNext({ operation: 'open', code: 'ERR_DISK_FULL' })
    await expect(broker.log('a')).rejects.toMatchObject({ code: 'ERR_LOG_DISK_FULL' })
    expect((await broker.log('a')).logEndOffset).toBe(0)
  })
})

describe('closing', () => {
  it('tells everybody who waits, flushes no more, and acknowledges nothing more', async () => {
    const { partition, flushes } = await opened()
    release = broker.disk.holdSyncs()
    const { seen } = reader(partition)
    const waiters = new Waiters()
    append(partition)
    waiters.add(partition, 1)
    const before = flushes()
    partition.close()
    expect(waiters.told).toEqual([`1: ${ERROR_CODES.NOT_LEADER_OR_FOLLOWER}`])
    expect(seen).toHaveLength(1)
    waiters.add(partition, 1)
    expect(waiters.told).toHaveLength(2)
    release()
    broker.clock.advance(REPLICATED_IDLE_MS)
    await settled()
    expect(flushes()).toBe(before)
  })

  it('leaves no timer behind', async () => {
    const { partition, flushes } = await opened({ durability: 'replicated' })
    append(partition)
    partition.close()
    broker.clock.advance(REPLICATED_IDLE_MS)
    expect(flushes()).toBe(0)
  })
})
