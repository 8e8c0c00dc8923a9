/** Whole brokers that replicate to each other, and lose each other. */
import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { BrokerCluster } from './testing/broker-cluster.ts'
import { settled } from './testing/settled.ts'

const SESSION_MS = 4_000
const LAG_MS = 10_000

let cluster: BrokerCluster

afterEach(() => cluster.close())

async function threeWith(
  topicConfigs: Readonly<Record<string, string>> = {},
  brokerConfigs: Readonly<Record<string, string>> = {},
): Promise<BrokerCluster> {
  cluster = await BrokerCluster.start(3, brokerConfigs)
  cluster.controller.addTopic('a', [1, 2, 3], { 'min.insync.replicas': '2', ...topicConfigs })
  await cluster.pass(50)
  return cluster
}

/** Values of what lies in the broker's log, whatever consumers may see of it. */
function endOffset(brokerId: number): number {
  return cluster.broker(brokerId).logDirectory?.get('a', 0)?.logEndOffset ?? -1
}

async function produceMany(count: number, from = 0): Promise<string[]> {
  const values = Array.from({ length: count }, (_, index) => `value ${from + index}`)
  for (const value of values) await cluster.client.produceSurely('a', value)
  return values
}

/** After a leader was lost and its successor is known to all, what consumers see there. */
function readEverywhereEqual(): number[] {
  return cluster.brokers.map(({ id }) => endOffset(id))
}

describe('a broker that starts', () => {
  it('leads nothing before it is let in, whatever it hears while it takes its port', async () => {
    cluster = await BrokerCluster.start(1)
    const { controller, network } = cluster
    controller.addTopic('__consumer_offsets', [1])
    const topicId = controller.addTopic('a', [1])
    const broker = cluster.broker(1)
    broker.kill()
    controller.setReachable(1, false)
    // Each coordinator of groups that this broker leads is loaded for that.
    network.onListen = () => controller.commit({ type: 'remove-topic', topicId })
    const starting = broker.start()
    for (let round = 0; round < 10; round += 1) await settled()
    expect(controller.feedOf(1).image().topics.get('a')).toBeUndefined()
    expect(broker.logDirectory?.get('__consumer_offsets', 0) ?? null).toBeNull()
    controller.setReachable(1, true)
    await cluster.during(starting)
  })
})

describe('replication', () => {
  it.each(['fsync', 'replicated'])('brings what is acknowledged to all replicas (%s)', async (durability) => {
    await threeWith({ durability })
    const values = await produceMany(20)
    expect(await cluster.during(cluster.client.read('a'))).toEqual(values)
    await cluster.pass(600)
    expect(readEverywhereEqual()).toEqual([20, 20, 20])
    expect(cluster.controller.partition('a').isr).toEqual([1, 2, 3])
  })

  it('acknowledges within a few rounds, without any time passing', async () => {
    await threeWith({ durability: 'replicated' })
    await produceMany(1)
    let errorCode: number | null = null
    void cluster.client.produce('a', 'quick').then((code) => (errorCode = code))
    for (let round = 0; round < 20 && errorCode === null; round += 1) await settled()
    expect(errorCode).toBe(ERROR_CODES.NONE)
  })

  it('lets consumers of a follower see at once what is committed, where they may read from followers', async () => {
    await threeWith({}, { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' })
    for (let count = 1; count <= 5; count += 1) {
      await produceMany(1, count)
      for (let round = 0; round < 5; round += 1) await settled()
      expect(await cluster.client.read('a', 2)).toHaveLength(count)
    }
  })

  it('goes on with the next leader after one round trip, although its follower waits there for something else', async () => {
    await threeWith({ durability: 'replicated' })
    cluster.controller.addTopic('b', [2, 3])
    await cluster.pass(2_000)
    cluster.broker(1).kill()
    cluster.controller.fence(1)
    let errorCode: number | null = null
    void cluster.client.produce('a', 'quick').then((code) => (errorCode = code))
    for (let round = 0; round < 30 && errorCode === null; round += 1) await settled()
    expect(errorCode).toBe(ERROR_CODES.NONE)
  })

  it('goes on when a leader dies, from what was acknowledged', async () => {
    await threeWith()
    const values = await produceMany(10)
    cluster.broker(1).kill()
    cluster.controller.fence(1)
    expect(cluster.controller.partition('a').leader).toBe(2)
    values.push(...(await produceMany(10, 10)))
    expect(await cluster.during(cluster.client.read('a'))).toEqual(values)
  })

  it('takes the old leader back when it comes again, with what it had beyond the others cut off', async () => {
    await threeWith({ durability: 'replicated' })
    const values = await produceMany(5)
    // Only the leader has these.
    for (const id of [2, 3]) cluster.network.cut('broker-1', `broker-${id}`)
    void cluster.client.produce('a', 'lost', { acks: 1 })
    void cluster.client.produce('a', 'lost too', { acks: 1 })
    await cluster.pass(50)
    expect(endOffset(1)).toBe(7)
    cluster.broker(1).kill(false)
    cluster.controller.fence(1)
    for (const id of [2, 3]) cluster.network.heal('broker-1', `broker-${id}`)
    values.push(...(await produceMany(3, 5)))
    await cluster.during(cluster.broker(1).start())
    await cluster.pass(2_000)
    expect(readEverywhereEqual()).toEqual([8, 8, 8])
    cluster.controller.elect('a', 1)
    await cluster.pass(200)
    expect(await cluster.during(cluster.client.read('a', 1))).toEqual(values)
    expect(new Set(cluster.controller.partition('a').isr)).toEqual(new Set([1, 2, 3]))
  })

  it('makes all logs one after leaders that change faster than anybody follows', async () => {
    await threeWith({ durability: 'replicated', 'min.insync.replicas': '1' })
    const kept = await produceMany(3)
    // Each leads alone for a moment and writes what nobody else has: then another one leads.
    for (const id of [1, 2, 3]) for (const other of [1, 2, 3]) if (id < other) cluster.network.cut(`broker-${id}`, `broker-${other}`)
    for (const id of [2, 1, 3, 2, 1]) {
      cluster.controller.elect('a', id)
      await cluster.pass(30)
      void cluster.client.produce('a', `of ${id}`, { acks: 1, brokerId: id })
      await cluster.pass(30)
    }
    for (const id of [1, 2, 3]) for (const other of [1, 2, 3]) if (id < other) cluster.network.heal(`broker-${id}`, `broker-${other}`)
    cluster.controller.elect('a', 3)
    await cluster.pass(3_000)
    kept.push('of 3')
    await cluster.client.produceSurely('a', 'after')
    kept.push('after')
    await cluster.pass(1_000)
    expect(await cluster.during(cluster.client.read('a'))).toEqual(kept)
    expect(readEverywhereEqual()).toEqual([5, 5, 5])
  })

  it('loses nothing that was acknowledged when all lose power at once', async () => {
    await threeWith({ durability: 'fsync' })
    const values = await produceMany(30)
    for (const { id } of cluster.brokers) cluster.broker(id).kill()
    for (const { id } of cluster.brokers) cluster.controller.fence(id)
    for (const { id } of cluster.brokers) await cluster.during(cluster.broker(id).start())
    await cluster.pass(2_000)
    await cluster.client.produceSurely('a', 'after')
    expect(await cluster.during(cluster.client.read('a'))).toEqual([...values, 'after'])
  })

  it('lets a follower that is slow leave the ISR, and takes it back when it has caught up', async () => {
    await threeWith()
    await produceMany(2)
    cluster.network.cut('broker-1', 'broker-3')
    const stuck = cluster.client.produce('a', 'waits for all')
    await cluster.pass(LAG_MS / 2)
    expect(cluster.controller.partition('a').isr).toEqual([1, 2, 3])
    expect(await cluster.during(stuck)).toBeLessThanOrEqual(ERROR_CODES.REQUEST_TIMED_OUT)
    await cluster.pass(2 * LAG_MS)
    expect(new Set(cluster.controller.partition('a').isr)).toEqual(new Set([1, 2]))
    await produceMany(3, 2)
    cluster.network.heal('broker-1', 'broker-3')
    // The connection on which nothing came is given up after a while.
    await cluster.pass(35_000)
    expect(new Set(cluster.controller.partition('a').isr)).toEqual(new Set([1, 2, 3]))
  })
})

describe('a leader that the controller does not hear', () => {
  it('stops serving before anybody else leads, and follows when it hears again', async () => {
    await threeWith()
    const values = await produceMany(3)
    cluster.controller.setReachable(1, false)
    cluster.controller.hold(1)
    await cluster.pass(SESSION_MS + 600)
    expect(await cluster.during(cluster.client.read('a', 1))).toBeNull()
    expect(await cluster.during(cluster.client.produce('a', 'refused', { acks: 1, brokerId: 1 }))).toBe(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    cluster.controller.fence(1)
    values.push(...(await produceMany(3, 3)))
    cluster.controller.setReachable(1, true)
    cluster.controller.release(1)
    await cluster.pass(2_000)
    expect(readEverywhereEqual()).toEqual([6, 6, 6])
    expect(await cluster.during(cluster.client.read('a'))).toEqual(values)
    expect(new Set(cluster.controller.partition('a').isr)).toEqual(new Set([1, 2, 3]))
  })

  it('goes on as it was when it hears in time', async () => {
    await threeWith()
    cluster.controller.setReachable(1, false)
    await cluster.pass(SESSION_MS - 1_000)
    cluster.controller.setReachable(1, true)
    await cluster.pass(2_000)
    expect(cluster.controller.partition('a')).toMatchObject({ leader: 1, leaderEpoch: 0 })
    await produceMany(1)
  })
})

describe('a broker that is stopped', () => {
  it('hands over first, so that no acks=all produce fails, and comes back', async () => {
    await threeWith()
    const values: string[] = []
    for (const id of [1, 2, 3]) {
      const failures: number[] = []
      let isStopping = true
      const stopped = cluster
        .broker(id)
        .stop()
        .then(() => (isStopping = false))
      for (let count = 0; isStopping && count < 100; count += 1) {
        const value = `while ${id} stops ${count}`
        const errorCode = await cluster.during(cluster.client.produce('a', value))
        if (errorCode === ERROR_CODES.NONE) values.push(value)
        else if (errorCode !== ERROR_CODES.NOT_LEADER_OR_FOLLOWER) failures.push(errorCode)
        await cluster.pass(50)
      }
      await cluster.during(stopped)
      expect(failures).toEqual([])
      expect(cluster.controller.partition('a').leader).not.toBe(id)
      await cluster.during(cluster.broker(id).start())
      await cluster.pass(1_000)
      expect(new Set(cluster.controller.partition('a').isr)).toEqual(new Set([1, 2, 3]))
    }
    expect(await cluster.during(cluster.client.read('a'))).toEqual(values)
  })

  it('says at its next registration that it stopped in good order, and under which epoch', async () => {
    await threeWith()
    const epoch = cluster.broker(2).broker?.brokerEpoch
    await cluster.during(cluster.broker(2).stop())
    await cluster.during(cluster.broker(2).start())
    expect(cluster.controller.registrations.at(-1)).toMatchObject({ brokerId: 2, previousBrokerEpoch: epoch })
    cluster.broker(2).kill()
    await cluster.during(cluster.broker(2).start())
    expect(cluster.controller.registrations.at(-1)).toMatchObject({ brokerId: 2, previousBrokerEpoch: -1 })
  })
})

describe('a broker whose disk fails', () => {
  it('gives its partitions up and ends, and nothing is lost', async () => {
    await threeWith()
    const values = await produceMany(3)
    cluster.broker(1).disk.failNext({ operation: 'sync', pathIncludes: '.log' })
    void cluster.client.produce('a', 'maybe', { brokerId: 1 })
    await cluster.pass(500)
    expect(cluster.broker(1).failures).toMatchObject([{ code: 'ERR_BROKER_DIRECTORY_FAILED' }])
    expect(cluster.controller.partition('a').leader).toBe(2)
    expect(cluster.controller.feed.image().brokers.get(1)?.isFenced).toBe(true)
    await cluster.client.produceSurely('a', 'after')
    const seen = (await cluster.during(cluster.client.read('a'))) ?? []
    expect(seen.filter((value) => value !== 'maybe')).toEqual([...values, 'after'])
  })
})
