/**
 * Two leaders that live through the same. One follower names to the first only what moved, in a session, and to the second everything,
 * each time. It is told the same by both, and both conclude the same about it: how long it lags, who is in sync, what is committed.
 */
import { type AlterPartitionsCommand, type AlterPartitionsOutcome } from '@millrace/metadata'
import { type Decoded, ERROR_CODES, fetchApi, type fetchResponse } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BrokerFixture, CLUSTER_ID } from '../testing/broker-fixture.ts'
import type { Exchange } from '../testing/exchange.ts'
import { RecordingController, SUCCESS } from '../testing/recording-controller.ts'
import { RecordFeed } from '../testing/record-feed.ts'
import { settled } from '../testing/settled.ts'
import { StillClock } from '../testing/still-clock.ts'
import { isCaughtUp } from '../replica/follower-progress.ts'

const PARTITIONS = 4
const FOLLOWER = 2
const OTHER = 3
const MIB = 1024 * 1024
const MAX_WAIT_MS = 500
/** `replica.lag.time.max.ms`; looked at every half of it. */
const LAG_MS = 1_000

const partition = fc.nat(PARTITIONS - 1)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('append' as const), partition }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('fetch' as const), waits: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('other' as const), partition }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 40, 300, 600, 1_500) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('hold' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('elect' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fence' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('forget' as const), partition }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('register' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface Position {
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly currentLeaderEpoch: number
  readonly logStartOffset: number
}

/** What the follower has been told of a partition. */
interface Told {
  readonly errorCode: number
  readonly highWatermark: number
  readonly logStartOffset: number
}

/** A leader, and the follower as it talks to it. */
class Side {
  readonly leader: BrokerFixture
  readonly clock: StillClock
  readonly #namesAll: boolean
  readonly #topicId: string
  #sessionId = 0
  #sessionEpoch = 0
  readonly #named = new Map<number, Position>()
  readonly #forgotten = new Set<number>()
  #open: Exchange<typeof fetchResponse> | null = null
  readonly offsets = Array.from({ length: PARTITIONS }, () => 0)
  readonly #starts = Array.from({ length: PARTITIONS }, () => 0)
  readonly #left = new Set<number>()
  /** Partitions whose next records the follower does not take. */
  readonly #held = new Set<number>()
  readonly told = new Map<number, Told>()

  private constructor(leader: BrokerFixture, clock: StillClock, namesAll: boolean) {
    this.leader = leader
    this.clock = clock
    this.#namesAll = namesAll
    this.#topicId = leader.addTopic(
      'a',
      Array.from({ length: PARTITIONS }, () => [1, FOLLOWER, OTHER]),
      { durability: 'replicated' },
    )
  }

  static async start(namesAll: boolean): Promise<Side> {
    const cluster = { clock: new StillClock(), feed: new RecordFeed(CLUSTER_ID), controller: new RecordingController() }
    const leader = await BrokerFixture.start({ cluster, configs: { 'replica.lag.time.max.ms': String(LAG_MS) } })
    for (const id of [FOLLOWER, OTHER]) leader.addBroker(id)
    const side = new Side(leader, cluster.clock, namesAll)
    cluster.controller.answers.alterPartitions = (command: AlterPartitionsCommand) => side.#alter(command)
    for (let index = 0; index < PARTITIONS; index += 1) await leader.log('a', index)
    return side
  }

  async run(action: Step): Promise<void> {
    const { leader } = this
    switch (action.type) {
      case 'append':
        await leader.append('a', action.partition, [{ value: new Uint8Array(10) }])
        leader.partition('a', action.partition).readers.wakeFollowers()
        break
      case 'fetch':
        this.#fetch(action.waits ? MAX_WAIT_MS : 0)
        break
      case 'other':
        await this.#fetchAsOther(action.partition)
        break
      case 'pass':
        this.clock.advance(action.ms)
        break
      case 'hold':
        if (!this.#held.delete(action.partition)) this.#held.add(action.partition)
        break
      case 'delete': {
        const log = await leader.log('a', action.partition)
        log.deleteRecordsBefore(leader.partition('a', action.partition).highWatermark)
        break
      }
      case 'elect':
        leader.changePartition('a', action.partition, { leader: 1 })
        break
      case 'fence': {
        const broker = leader.feed.image().brokers.get(FOLLOWER)
        if (broker === undefined) break
        const { id, epoch, isFenced } = broker
        leader.feed.commit({ type: 'broker-registration-change', brokerId: id, brokerEpoch: epoch, isFenced: !isFenced })
        break
      }
      case 'forget':
        if (this.#left.delete(action.partition)) break
        this.#left.add(action.partition)
        if (this.#named.delete(action.partition)) this.#forgotten.add(action.partition)
        break
      case 'register':
        leader.addBroker(FOLLOWER)
    }
    await settled()
    await this.#take()
  }

  /** What the leader thinks. */
  view(): unknown {
    return Array.from({ length: PARTITIONS }, (_, index) => {
      const { replica, highWatermark, log } = this.leader.partition('a', index)
      if (replica?.role.type !== 'leader') return null
      const { followers, endOffset, pending } = replica.role
      const progress = followers.get(FOLLOWER)
      const nowMs = this.clock.monotonic()
      const lags = progress === undefined ? [] : [0, 1, 50, 350, 700, LAG_MS].map((ms) => isCaughtUp(progress, endOffset, ms, nowMs))
      const { fetchOffset, logStartOffset, brokerEpoch } = progress ?? {}
      return {
        highWatermark,
        isr: replica.isr,
        wanted: pending?.newIsr,
        start: log?.logStartOffset,
        lags,
        fetchOffset,
        logStartOffset,
        brokerEpoch,
      }
    })
  }

  get isWaiting(): boolean {
    return this.#open !== null
  }

  #fetch(maxWaitMs: number): void {
    if (this.#open !== null) return
    const positions = this.#positions()
    const isMoved = (index: number, position: Position) => JSON.stringify(this.#named.get(index)) !== JSON.stringify(position)
    const named = [...positions].filter(([index, position]) => this.#namesAll || this.#sessionId === 0 || isMoved(index, position))
    for (const [index, position] of named) {
      this.#named.set(index, position)
      this.#forgotten.delete(index)
    }
    const session = this.#namesAll
      ? { sessionId: 0, sessionEpoch: -1 }
      : { sessionId: this.#sessionId, sessionEpoch: this.#sessionId === 0 ? 0 : this.#sessionEpoch }
    this.#sessionEpoch += 1
    this.#open = this.leader.send(fetchApi, 17, {
      maxWaitMs,
      minBytes: 1,
      maxBytes: MIB,
      ...session,
      replicaState: { replicaId: FOLLOWER, replicaEpoch: this.leader.feed.image().brokers.get(FOLLOWER)?.epoch ?? -1 },
      topics: [
        {
          topicId: this.#topicId,
          partitions: named.map(([index, position]) => ({ partition: index, partitionMaxBytes: MIB, ...position })),
        },
      ],
      forgottenTopicsData: this.#forgotten.size === 0 ? [] : [{ topicId: this.#topicId, partitions: [...this.#forgotten] }],
    })
    this.#forgotten.clear()
  }

  #positions(): Map<number, Position> {
    const positions = new Map<number, Position>()
    for (let index = 0; index < PARTITIONS; index += 1) {
      if (this.#left.has(index)) continue
      const { leaderEpoch } = this.leader.partition('a', index)
      positions.set(index, {
        fetchOffset: this.offsets[index] as number,
        lastFetchedEpoch: -1,
        currentLeaderEpoch: leaderEpoch,
        logStartOffset: this.#starts[index] as number,
      })
    }
    return positions
  }

  async #take(): Promise<void> {
    if (this.#open?.state !== 'answered') return
    const answer: Decoded<typeof fetchResponse> = await this.#open.answer()
    this.#open = null
    if (answer.errorCode !== ERROR_CODES.NONE) throw new Error(`the session is refused: ${answer.errorCode}`)
    // A session of nothing has ended, and another begins anew.
    if (answer.sessionId !== this.#sessionId) this.#sessionEpoch = 1
    this.#sessionId = answer.sessionId
    for (const { partitionIndex: index, errorCode, highWatermark, logStartOffset, records } of answer.responses.flatMap(
      ({ partitions }) => partitions,
    )) {
      this.told.set(index, { errorCode, highWatermark, logStartOffset })
      if (errorCode === ERROR_CODES.OFFSET_OUT_OF_RANGE) this.offsets[index] = logStartOffset
      if (errorCode !== ERROR_CODES.NONE) continue
      this.#starts[index] = logStartOffset
      if (this.#held.has(index)) continue
      // One record a batch, all of the same size.
      const count = (records?.length ?? 0) / BATCH_BYTES
      expect(Number.isInteger(count)).toBe(true)
      this.offsets[index] = (this.offsets[index] as number) + count
    }
  }

  async #fetchAsOther(index: number): Promise<void> {
    const { leaderEpoch, log } = this.leader.partition('a', index)
    const fetchOffset = log?.logEndOffset ?? 0
    await this.leader.call(fetchApi, 17, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: MIB,
      replicaState: { replicaId: OTHER, replicaEpoch: this.leader.feed.image().brokers.get(OTHER)?.epoch ?? -1 },
      topics: [
        {
          topicId: this.#topicId,
          partitions: [{ partition: index, fetchOffset, currentLeaderEpoch: leaderEpoch, partitionMaxBytes: MIB }],
        },
      ],
      forgottenTopicsData: [],
    })
  }

  #alter({ partitions }: AlterPartitionsCommand): AlterPartitionsOutcome {
    return {
      ...SUCCESS,
      partitions: partitions.map(({ topicId, partition: index, newIsr }) => {
        this.leader.changePartition('a', index, { isr: newIsr.map(({ brokerId }) => brokerId) })
        const { leader, leaderEpoch, isr, partitionEpoch, recoveryState } = this.leader.partition('a', index).image
        return { topicId, partition: index, errorCode: ERROR_CODES.NONE, leader, leaderEpoch, isr, partitionEpoch, recoveryState }
      }),
    }
  }
}

const BATCH_BYTES = 78

describe('a follower that names what moved', () => {
  it('is told the same, and is thought the same of, as one that names everything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const sides = [await Side.start(false), await Side.start(true)] as const
        const [changes, everything] = sides
        for (const action of steps) {
          for (const side of sides) await side.run(action)
          expect(changes.isWaiting).toBe(everything.isWaiting)
          expect(changes.view()).toEqual(everything.view())
          if (changes.isWaiting) continue
          expect([...changes.told].sort(byIndex)).toEqual([...everything.told].sort(byIndex))
          expect(changes.offsets).toEqual(everything.offsets)
        }
        for (const side of sides) await side.leader.close()
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})

function byIndex([one]: readonly [number, unknown], [other]: readonly [number, unknown]): number {
  return one - other
}
