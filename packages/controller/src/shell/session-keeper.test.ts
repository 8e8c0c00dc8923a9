/** How the active controller keeps the time of brokers, with a quorum that the test holds and a clock that it moves. */
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { Controller } from './controller.ts'
import { ImageFeed } from './image-feed.ts'
import { CLUSTER_ID, createTopics, heartbeat, joinBroker, newTopic, registration } from './testing/commands.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { MemoryQuorum } from './testing/memory-quorum.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { SeededRandom } from './testing/seeded-random.ts'

const FOLLOWER = { epoch: 2, leaderId: 9, isActive: false }

class Bench {
  readonly clock = new ManualClock()
  readonly logger = new RecordingLogger()
  readonly quorum = new MemoryQuorum()
  readonly feed = new ImageFeed(CLUSTER_ID, this.logger)
  readonly controller = new Controller({
    nodeId: 1,
    quorum: this.quorum,
    feed: this.feed,
    staticConfigs: new Map([['default.replication.factor', '2']]),
    clock: this.clock,
    random: new SeededRandom(),
    logger: this.logger,
    onOffline: () => {},
  })

  /** Active, with brokers 1 and 2. */
  static async make(): Promise<Bench> {
    const bench = new Bench()
    const { controller, quorum, feed } = bench
    await quorum.start({ onSnapshot: () => {}, onCommitted: (batch) => feed.onCommitted(batch), onLeadership: () => {} })
    controller.onLeadership(quorum.leadership)
    await joinBroker(controller, 1)
    await joinBroker(controller, 2)
    return bench
  }

  epochOf(brokerId: number): number {
    return this.feed.image().brokers.get(brokerId)?.epoch ?? -1
  }

  isFenced(brokerId: number): boolean | undefined {
    return this.feed.image().brokers.get(brokerId)?.isFenced
  }

  beat(brokerId: number, change: Parameters<typeof heartbeat>[2] = {}) {
    return this.controller.heartbeat(heartbeat(brokerId, this.epochOf(brokerId), change))
  }

  /** Time in which broker 1 is heard of every half a second. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.beat(1)
      await this.clock.pass(Math.min(500, ms - passed))
    }
  }

  /** Holds commits back until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.quorum.gate = () => promise
    return () => {
      this.quorum.gate = () => Promise.resolve()
      resolve()
    }
  }
}

describe('a broker', () => {
  it('that is silent is fenced after its session, and another leads; one that is heard of is not', async () => {
    const bench = await Bench.make()
    await bench.controller.createTopics({ topics: [newTopic('orders', { partitionCount: 4, replicationFactor: 2 })], validateOnly: false })
    await bench.pass(3_900)
    expect(bench.isFenced(2)).toBe(false)
    await bench.pass(400)
    expect([bench.isFenced(1), bench.isFenced(2)]).toEqual([false, true])
    const { partitions = [] } = bench.feed.image().topics.get('orders') ?? {}
    expect(partitions.map(({ leader, isr }) => [leader, ...isr])).toEqual(partitions.map(() => [1, 1]))
    expect(await bench.beat(2)).toMatchObject({ isFenced: false })
    await bench.controller.close()
  })

  it('whose line broke is fenced after a second, unless it is heard of', async () => {
    const bench = await Bench.make()
    bench.controller.onBrokerDisconnected({ brokerId: 1, brokerEpoch: bench.epochOf(1) })
    bench.controller.onBrokerDisconnected({ brokerId: 2, brokerEpoch: bench.epochOf(2) })
    await bench.pass(1_200)
    expect([bench.isFenced(1), bench.isFenced(2)]).toEqual([false, true])
    await bench.controller.close()
  })

  it('that dies while controllers change is fenced by the new one', async () => {
    const bench = await Bench.make()
    await bench.pass(3_500)
    bench.controller.onLeadership(FOLLOWER)
    await bench.clock.pass(10_000)
    expect(bench.isFenced(2)).toBe(false)
    bench.controller.onLeadership(bench.quorum.leadership)
    await bench.pass(3_900)
    expect(bench.isFenced(2)).toBe(false)
    await bench.pass(400)
    expect([bench.isFenced(1), bench.isFenced(2)]).toEqual([false, true])
    await bench.controller.close()
  })

  it('is not fenced for the time in which the controller itself stood still', async () => {
    const bench = await Bench.make()
    bench.clock.jump(30_000)
    await bench.pass(1_000)
    expect([bench.isFenced(1), bench.isFenced(2)]).toEqual([false, false])
    await bench.controller.close()
  })

  it('keeps another process from its place while it is heard of', async () => {
    const bench = await Bench.make()
    const register = async () => errorName((await bench.controller.registerBroker(registration(2, 'AAAAAAAAAAAAAAAAAAAAAg'))).errorCode)
    expect(await register()).toBe('DUPLICATE_BROKER_REGISTRATION')
    await bench.pass(4_200)
    expect(await register()).toBe('NONE')
    await bench.controller.close()
  })
})

describe('a heartbeat', () => {
  it('is answered while others wait for their commit, and counts', async () => {
    const bench = await Bench.make()
    const release = bench.hold()
    const created = createTopics(bench.controller, 'orders')
    await bench.clock.until(() => bench.quorum.proposals.length > 0)
    for (let count = 0; count < 10; count++) {
      expect(await bench.beat(2)).toMatchObject({ errorCode: 0, isFenced: false })
      await bench.pass(500)
    }
    release()
    expect(await created).toEqual(['NONE'])
    expect([bench.isFenced(1), bench.isFenced(2)]).toEqual([false, false])
    await bench.controller.close()
  })

  it('that changes something is answered when that is committed, and changes nothing before', async () => {
    const bench = await Bench.make()
    const release = bench.hold()
    let answered = false
    const fenced = bench.beat(2, { wantFence: true }).finally(() => {
      answered = true
    })
    await bench.pass(500)
    expect([answered, bench.isFenced(2)]).toEqual([false, false])
    release()
    expect(await fenced).toMatchObject({ isFenced: true })
    expect(bench.isFenced(2)).toBe(true)
    await bench.controller.close()
  })
})

it('a broker that stops may go when the others have applied that it stops', async () => {
  const bench = await Bench.make()
  const { brokerEpoch } = await bench.controller.registerBroker(registration(3))
  await bench.controller.heartbeat(heartbeat(3, brokerEpoch, { metadataOffset: brokerEpoch }))
  expect(await bench.beat(2, { wantShutdown: true })).toMatchObject({ shouldShutdown: false })
  expect(await bench.beat(2, { wantShutdown: true })).toMatchObject({ shouldShutdown: false })
  bench.controller.onMetadataApplied({ brokerId: 3, brokerEpoch, metadataOffset: bench.feed.image().offset })
  expect(await bench.beat(2, { wantShutdown: true })).toMatchObject({ shouldShutdown: true })
  await bench.controller.close()
})

describe('a created topic', () => {
  it('is answered when every active broker has applied it', async () => {
    const bench = await Bench.make()
    // In this life it has applied its registration, and no more.
    await bench.pass(4_200)
    const { brokerEpoch } = await bench.controller.registerBroker(registration(2, 'AAAAAAAAAAAAAAAAAAAAAg'))
    await bench.controller.heartbeat(heartbeat(2, brokerEpoch, { metadataOffset: brokerEpoch }))
    let answered = false
    const created = createTopics(bench.controller, 'orders').finally(() => {
      answered = true
    })
    await bench.clock.until(() => bench.feed.image().topics.get('orders') !== undefined)
    await bench.pass(500)
    expect(answered).toBe(false)
    bench.controller.onMetadataApplied({ brokerId: 2, brokerEpoch, metadataOffset: bench.feed.image().offset })
    expect(await created).toEqual(['NONE'])
    await bench.controller.close()
  })

  it.each([
    ['a broker that is silent is not waited for once it is fenced', false, 4_500],
    ['one that lives and does not apply it is waited for no longer than five seconds', true, 5_500],
  ])('%s', async (_what, lives, answeredMs) => {
    const bench = await Bench.make()
    await bench.pass(4_200)
    const { brokerEpoch } = await bench.controller.registerBroker(registration(2, 'AAAAAAAAAAAAAAAAAAAAAg'))
    const beat = () => bench.controller.heartbeat(heartbeat(2, brokerEpoch, { metadataOffset: brokerEpoch }))
    await beat()
    let answered = false
    const created = createTopics(bench.controller, 'orders').finally(() => {
      answered = true
    })
    for (let passed = 0; passed < answeredMs; passed += 500) {
      expect(answered && passed < 3_500).toBe(false)
      if (lives) await beat()
      await bench.pass(500)
    }
    expect(answered).toBe(true)
    expect(bench.isFenced(2)).toBe(!lives)
    expect(await created).toEqual(['NONE'])
    await bench.controller.close()
  })
})

it('a leader that may lack committed records is reported, and no other', async () => {
  const bench = await Bench.make()
  await bench.controller.createTopics({ topics: [newTopic('orders', { replicationFactor: 2 })], validateOnly: false })
  await bench.beat(2, { wantFence: true })
  await bench.beat(1, { wantFence: true })
  await bench.beat(2)
  const report = 'leaders were elected that may lack committed records'
  expect(bench.logger.problems()).not.toContain(report)
  await bench.controller.electLeaders({ type: 'unclean', partitions: [{ topic: 'orders', partition: 0 }], timeoutMs: 0 })
  expect(bench.logger.problems()).toContain(report)
  await bench.controller.close()
})

it('preferred leaders get their partitions back from time to time', async () => {
  const bench = await Bench.make()
  await bench.controller.createTopics({ topics: [newTopic('orders', { partitionCount: 2, replicationFactor: 2 })], validateOnly: false })
  await bench.beat(2, { wantFence: true })
  await bench.beat(2)
  const image = () => bench.feed.image().topics.get('orders')?.partitions ?? []
  for (const [partition, { leader, leaderEpoch, partitionEpoch }] of image().entries()) {
    const topicId = bench.feed.image().topics.get('orders')?.id ?? ''
    const newIsr = [1, 2].map((brokerId) => ({ brokerId, brokerEpoch: bench.epochOf(brokerId) }))
    const wish = { topicId, partition, leaderEpoch, partitionEpoch, newIsr, recoveryState: 'recovered' as const }
    await bench.controller.alterPartitions({ brokerId: leader, brokerEpoch: bench.epochOf(leader), partitions: [wish] })
  }
  expect(image().map(({ leader }) => leader)).toEqual([1, 1])
  for (let passed = 0; passed < 301_000; passed += 3_500) {
    await bench.beat(1)
    await bench.beat(2)
    await bench.clock.pass(3_500)
  }
  expect(image().map(({ leader }) => leader)).toEqual(image().map(({ replicas }) => replicas[0]))
  await bench.controller.close()
})

it('leaves no timer behind', async () => {
  const bench = await Bench.make()
  await bench.controller.close()
  const problems = bench.logger.problems().length
  await bench.clock.pass(20_000)
  expect(bench.logger.problems()).toHaveLength(problems)
  expect(bench.isFenced(2)).toBe(false)
})
