import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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

describe('the high watermark', () => {
  it('follows what is durable, and those who wait are told once and in the order of offsets', async () => {
    const { partition } = await openedPartition(broker)
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
    const { partition } = await openedPartition(broker, { durability: 'replicated' })
    release = broker.disk.holdSyncs()
    const waiters = new Waiters()
    append(partition, 2)
    waiters.add(partition, 2)
    expect(partition.highWatermark).toBe(2)
    expect(waiters.told).toEqual(['2: 0'])
  })

  it('covers what was durable when the flush began, and not what came meanwhile', async () => {
    const { partition, log } = await openedPartition(broker)
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
    const { partition } = await openedPartition(broker, { durability: 'replicated', 'min.insync.replicas': '2' }, [1, 2])
    broker.changePartition('a', 0, { isr: [1] })
    const waiters = new Waiters()
    append(partition)
    waiters.add(partition, 1)
    expect(partition.highWatermark).toBe(0)
    broker.setTopicConfig('a', 'min.insync.replicas', '1')
    expect(partition.highWatermark).toBe(1)
    expect(waiters.told).toEqual(['1: 0'])
  })

  it('moves when a change of config lets it, and never back', async () => {
    const { partition } = await openedPartition(broker)
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
    const { partition } = await openedPartition(broker)
    append(partition, 3)
    await broker.restart()
    await broker.log('a')
    expect(broker.partition('a').highWatermark).toBe(3)
  })

  it('tells a waiter no more that gave up', async () => {
    const { partition } = await openedPartition(broker)
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
    const { partition } = await openedPartition(broker)
    const { waiter, seen } = addReader(partition)
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
    const { partition } = await openedPartition(broker, { durability: 'replicated' })
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
    const { partition, flushes } = await openedPartition(broker)
    release = broker.disk.holdSyncs()
    const { seen } = addReader(partition)
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
    const { partition, flushes } = await openedPartition(broker, { durability: 'replicated' })
    append(partition)
    partition.close()
    broker.clock.advance(REPLICATED_IDLE_MS)
    expect(flushes()).toBe(0)
  })
})
