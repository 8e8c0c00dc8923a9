/**
 * Random lives of a cluster, beside a dumb model of what its replicas hold: whoever leads a partition has everything that was
 * ever committed, unless an election was allowed to lose some. The invariants of images and commands are checked after every
 * batch.
 *
 * The model assumes the worst: something is committed whenever it could be, and exactly the ISR has it.
 */
import type { MetadataRecord, PartitionImage } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { incrementalAlterConfigs } from './alter-configs.ts'
import { alterPartitions } from './alter-partitions.ts'
import { balanceLeaders } from './balance-leaders.ts'
import { electLeaders } from './elect-leaders.ts'
import { fenceBroker } from './fence-broker.ts'
import { heartbeat } from './heartbeat.ts'
import { requiredIsrSize, topicRules } from './partition/topic-rules.ts'
import { alterPartitionReassignments } from './reassign-partitions.ts'
import { registerBroker } from './register-broker.ts'
import { settlePartitions } from './settle-partitions.ts'
import { TestCluster } from './testing/cluster.ts'
import { unregisterBroker } from './unregister-broker.ts'

const BROKERS = [1, 2, 3, 4]
const TOPICS = ['flushed', 'remembered'] as const

class World extends TestCluster {
  readonly alive = new Set(BROKERS)
  /** Stopped in good order, under this epoch. */
  readonly stopped = new Map<number, number>()
  /** Replicas that hold everything that was committed, by partition. */
  readonly #holders = new Map<string, Set<number>>()
  #incarnations = 0
  /** Replicas of which the leader is saying that they have caught up. */
  #caughtUp: readonly number[] = []

  constructor() {
    super(BROKERS.map((id) => ({ id, directoryIds: [`directory ${id}`] })))
    this.addTopic('flushed', [{ replicas: [1, 2, 3] }, { replicas: [3] }, { replicas: [2, 1] }], { 'min.insync.replicas': '2' })
    this.addTopic('remembered', [{ replicas: [2, 3, 4] }, { replicas: [4, 1] }], { 'min.insync.replicas': '2', durability: 'replicated' })
  }

  override apply(records: readonly MetadataRecord[]): void {
    const before = this.image
    super.apply(records)
    // The constructor of the base class applies records before there is a model.
    if (this.alive === undefined) return
    for (const topic of this.image.topics) {
      for (const [index, after] of topic.partitions.entries()) {
        const old = before?.topics.get(topic.name)?.partitions[index]
        this.#observe(`${topic.name}-${index}`, topic.name, old ?? null, after)
      }
    }
  }

  #observe(key: string, topic: string, before: PartitionImage | null, after: PartitionImage): void {
    let holders = this.#holders.get(key) ?? new Set(after.isr)
    if (before !== null && after.leader !== -1 && after.leaderEpoch > before.leaderEpoch) {
      // Nobody who was safe: what it lacks is lost, and known to be.
      const wasSafe = [...before.isr, ...before.elr, ...this.#caughtUp].includes(after.leader)
      if (!wasSafe) {
        expect(after.recoveryState).toBe('recovering')
        holders = new Set([after.leader])
      }
    }
    // Who is taken into the ISR has caught up with a leader that has everything.
    if (before !== null && holders.has(before.leader)) {
      for (const id of this.#caughtUp) if (after.isr.includes(id)) holders.add(id)
    }
    this.#holders.set(key, holders)
    const claim = `${key} ${JSON.stringify(after)}, everything is on ${[...holders].join()}, alive are ${[...this.alive].join()}`
    if (this.alive.has(after.leader)) expect(holders.has(after.leader), `the leader has everything: ${claim}`).toBe(true)
    for (const id of after.isr) if (this.alive.has(id)) expect(holders.has(id), `the ISR has everything: ${claim}`).toBe(true)
    const rules = topicRules(this.image.configs.topic(topic), this.config())
    const required = requiredIsrSize(rules, after.replicas.length)
    if (after.isr.length >= required) expect(after.elr, `nobody is eligible beside enough in sync: ${claim}`).toEqual([])
    const canCommit = after.leader !== -1 && after.isr.length >= required && after.isr.every((id) => this.alive.has(id))
    if (canCommit) this.#holders.set(key, new Set(after.isr))
  }

  #lose(brokerId: number, isLost: (key: string) => boolean): void {
    for (const [key, holders] of this.#holders) if (isLost(key)) holders.delete(brokerId)
  }

  crash(brokerId: number): void {
    this.alive.delete(brokerId)
    this.silent.add(brokerId)
    this.stopped.delete(brokerId)
    this.#lose(brokerId, (key) => key.startsWith('remembered'))
  }

  stop(brokerId: number): void {
    if (!this.alive.has(brokerId)) return
    this.beat(brokerId, { wantShutdown: true })
    this.alive.delete(brokerId)
    this.silent.add(brokerId)
    this.stopped.set(brokerId, this.epochOf(brokerId))
  }

  start(brokerId: number, isWiped: boolean): void {
    if (this.alive.has(brokerId)) return
    const incarnationId = `incarnation ${this.#incarnations++}`
    const known = this.image.brokers.get(brokerId)?.directoryIds ?? [`directory ${brokerId}`]
    const directoryIds = isWiped ? [`directory of ${incarnationId}`] : known
    if (isWiped) this.#lose(brokerId, () => true)
    const previousBrokerEpoch = isWiped ? -1 : (this.stopped.get(brokerId) ?? -1)
    const { errorCode } = this.run(registerBroker, {
      brokerId,
      clusterId: 'cluster',
      incarnationId,
      listeners: [],
      rack: null,
      directoryIds,
      features: [],
      previousBrokerEpoch,
    })
    expect(errorCode).toBe(ERROR_CODES.NONE)
    this.stopped.delete(brokerId)
    this.alive.add(brokerId)
    this.silent.delete(brokerId)
  }

  beat(brokerId: number, change: { wantFence?: boolean; wantShutdown?: boolean } = {}): void {
    if (!this.alive.has(brokerId)) return
    const failedPartitions = [...this.failed]
      .map((entry) => entry.split(' '))
      .filter(([id]) => Number(id) === brokerId)
      .map(([, topicId = '', partition]) => ({ topicId, partition: Number(partition) }))
    const told = { wantFence: false, wantShutdown: false, isDirectoryOffline: false, failedPartitions, ...change }
    this.run(heartbeat, { brokerId, brokerEpoch: this.epochOf(brokerId), metadataOffset: this.image.offset, ...told })
  }

  /** A broker that lives is taken for dead, or one that is dead at last. */
  fence(brokerId: number): void {
    this.silent.add(brokerId)
    this.run(fenceBroker, { brokerId, brokerEpoch: this.epochOf(brokerId) })
    if (this.alive.has(brokerId)) this.silent.delete(brokerId)
  }

  damage(brokerId: number, topic: string, index: number): void {
    const topicId = this.image.topics.get(topic)?.id ?? ''
    if (!this.alive.has(brokerId) || !this.partition(topic, index).replicas.includes(brokerId)) return
    this.failed.add(`${brokerId} ${topicId} ${index}`)
    this.#lose(brokerId, (key) => key === `${topic}-${index}`)
    this.beat(brokerId)
    // It is thrown away, and filled again from a leader.
    this.failed.clear()
  }

  /** The leader wants exactly those of the replicas that the bits say, and itself. */
  alterIsr(topic: string, index: number, bits: number, age: number): void {
    const { leader, leaderEpoch, partitionEpoch, replicas } = this.partition(topic, index)
    const topicId = this.image.topics.get(topic)?.id ?? ''
    if (!this.alive.has(leader)) return
    // A follower that is not alive does not catch up.
    const wanted = replicas.filter((id, at) => id === leader || ((bits & (1 << at)) !== 0 && this.alive.has(id)))
    const newIsr = wanted.map((brokerId) => ({ brokerId, brokerEpoch: this.epochOf(brokerId) }))
    const wish = {
      topicId,
      partition: index,
      leaderEpoch,
      partitionEpoch: partitionEpoch - age,
      newIsr,
      recoveryState: 'recovered' as const,
    }
    this.#caughtUp = wanted
    this.run(alterPartitions, { brokerId: leader, brokerEpoch: this.epochOf(leader), partitions: [wish] })
    this.#caughtUp = []
  }
}

const broker = fc.constantFrom(...BROKERS)
const where = fc
  .constantFrom(...TOPICS)
  .chain((topic) => fc.record({ topic: fc.constant(topic), index: fc.nat(topic === 'flushed' ? 2 : 1) }))

interface Happening {
  (world: World): void
  [fc.toStringMethod]: () => string
}

/** Something with its chances, called so in a counterexample. */
function of<Chosen>(weight: number, called: string, arbitrary: fc.Arbitrary<Chosen>, run: (world: World, chosen: Chosen) => void) {
  const chosen = arbitrary.map((value) =>
    Object.assign((world: World) => run(world, value), { [fc.toStringMethod]: () => `${called} ${JSON.stringify(value)}` }),
  )
  return { weight, arbitrary: chosen }
}

/** What may happen. Most of it often enough that partitions come to their ends. */
const anything: fc.Arbitrary<Happening> = fc.oneof(
  of(4, 'heartbeat', broker, (world, id) => world.beat(id)),
  of(3, 'alter ISR', fc.tuple(where, fc.nat(15), fc.nat(1)), (world, [{ topic, index }, bits, age]) =>
    world.alterIsr(topic, index, bits, age),
  ),
  of(2, 'crash', broker, (world, id) => world.crash(id)),
  of(1, 'stop', broker, (world, id) => world.stop(id)),
  of(3, 'start, wiped if 0', fc.tuple(broker, fc.nat(9)), (world, [id, wiped]) => world.start(id, wiped === 0)),
  of(2, 'fence', broker, (world, id) => world.fence(id)),
  of(1, 'want fence', broker, (world, id) => world.beat(id, { wantFence: true })),
  of(1, 'damage', fc.tuple(broker, where), (world, [id, { topic, index }]) => world.damage(id, topic, index)),
  of(1, 'min ISR', fc.tuple(fc.constantFrom('', ...TOPICS), fc.constantFrom('1', '2', '3', null)), (world, [name, value]) => {
    const configs = [{ name: 'min.insync.replicas', operation: value === null ? ('delete' as const) : ('set' as const), value }]
    const type = name === '' ? ('broker' as const) : ('topic' as const)
    world.run(incrementalAlterConfigs, { resources: [{ type, name, configs }], validateOnly: false })
  }),
  of(1, 'reassign', fc.tuple(where, fc.option(fc.uniqueArray(broker, { minLength: 1, maxLength: 3 }))), (world, [at, replicas]) => {
    const partitions = [{ topic: at.topic, partition: at.index, replicas }]
    world.run(alterPartitionReassignments, { partitions, allowReplicationFactorChange: true })
  }),
  of(1, 'elect, unclean if 0', fc.tuple(where, fc.nat(5)), (world, [{ topic, index }, chance]) => {
    const type = chance === 0 ? 'unclean' : 'preferred'
    world.run(electLeaders, { type, partitions: [{ topic, partition: index }], timeoutMs: 0 })
  }),
  of(1, 'settle', fc.constant(null), (world) => void world.run(settlePartitions, null)),
  of(1, 'balance', fc.constant(null), (world) => void world.run(balanceLeaders, null)),
  of(1, 'unregister if 0', fc.tuple(broker, fc.nat(9)), (world, [id, chance]) => {
    if (chance === 0 && !world.alive.has(id)) world.run(unregisterBroker, { brokerId: id })
  }),
)

it('whoever leads has everything that was ever committed', () => {
  fc.assert(
    fc.property(fc.array(anything, { minLength: 10, maxLength: 60 }), (happenings) => {
      const world = new World()
      for (const happen of happenings) happen(world)
    }),
    { numRuns: 300 },
  )
})

it('a cluster whose brokers all come back leads everything that somebody is safe to lead', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 40 }), (happenings) => {
      const world = new World()
      for (const happen of happenings) happen(world)
      for (const id of BROKERS) world.start(id, false)
      for (const id of BROKERS) world.beat(id)
      for (const topic of world.image.topics) {
        for (const partition of topic.partitions) {
          if (partition.leader !== -1) continue
          expect([partition.isr, partition.elr, partition.lastKnownElr]).toEqual([[], [], []])
        }
      }
    }),
    { numRuns: 200 },
  )
})
