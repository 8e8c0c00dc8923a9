/**
 * Random lives of a partition on three brokers: produces, fetches whose answers come late or never, elections, brokers that are killed and
 * come back, and, where the topic survives it, power cuts of all of them. Whatever happens, no acknowledged record is lost, none is
 * doubled or out of order, consumers see nothing that goes away again, and in the end all replicas hold the same.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '@millrace/protocol'
import { batchOf } from '../testing/batches.ts'
import { fetchedValues, fetchOne } from '../testing/fetch-calls.ts'
import { resultOf, sendProduce } from '../testing/produce-calls.ts'
import { ReplicaSet } from '../testing/replica-set.ts'
import { settled } from '../testing/settled.ts'
import type { LeaderAnswer } from './follow-leader.ts'

const NODES = [1, 2, 3] as const
const node = fc.constantFrom(...NODES)

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('produce' as const), records: fc.integer({ min: 1, max: 3 }), acks: fc.constantFrom(-1, 1) }),
  },
  { weight: 14, arbitrary: fc.record({ type: fc.constant('follow' as const), node }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('ask' as const), node }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('late' as const), node }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('elect' as const), node }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fence' as const), node }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 8_000 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('read' as const), node }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('restart' as const), node, power: fc.option(fc.nat()) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cut' as const), power: fc.nat() }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

const topic = fc.record({ durability: fc.constantFrom('fsync' as const, 'replicated' as const), minInsync: fc.constantFrom('1', '2') })
type Topic = typeof topic extends fc.Arbitrary<infer Value> ? Value : never

class World {
  readonly #set: ReplicaSet
  readonly #topic: Topic
  #count = 0
  /** Answered with `acks=all` and no error. */
  readonly #acknowledged: string[] = []
  /** What some consumer saw, from the beginning on: the longest that any did. */
  #seen: readonly string[] = []
  readonly #late = new Map<number, LeaderAnswer>()
  readonly #fenced = new Set<number>()

  constructor(set: ReplicaSet, of: Topic) {
    this.#set = set
    this.#topic = of
  }

  async run(action: Step): Promise<void> {
    const set = this.#set
    switch (action.type) {
      case 'produce':
        return this.#produce(action.records, action.acks)
      case 'follow':
        if (this.#isUp(action.node)) await set.follow(action.node)
        return settled()
      case 'ask': {
        const answer = this.#isUp(action.node) ? await set.ask(action.node) : null
        if (answer !== null) this.#late.set(action.node, answer)
        return settled()
      }
      case 'late': {
        const answer = this.#late.get(action.node)
        this.#late.delete(action.node)
        if (answer !== undefined) await set.replica(action.node).onReplicaFetched(answer)
        return settled()
      }
      case 'elect':
        // Only a replica in sync may lead.
        if (set.image.isr.includes(action.node) && !this.#fenced.has(action.node)) set.change({ leader: action.node })
        return settled()
      case 'fence':
        return this.#fence(action.node)
      case 'pass':
        set.clock.advance(action.ms)
        return settled()
      case 'read':
        return this.#read(action.node)
      case 'restart':
        return this.#restart([action.node], this.#topic.durability === 'fsync' ? action.power : null)
      case 'cut':
        return this.#restart(NODES, this.#topic.durability === 'fsync' ? action.power : null)
    }
  }

  /** All are well again, and have had the time to agree. */
  async check(): Promise<void> {
    const set = this.#set
    for (const nodeId of NODES) {
      set.setFenced(nodeId, false)
      this.#fenced.delete(nodeId)
      await set.replica(nodeId).open()
    }
    await settled()
    set.clock.advance(2_000)
    await set.catchUp()
    set.clock.advance(2_000)
    await set.catchUp()
    expect(new Set(set.image.isr)).toEqual(new Set(NODES))
    const all = await this.#stored(1)
    for (const nodeId of [2, 3]) expect(await this.#stored(nodeId)).toEqual(all)
    expect(new Set(all).size).toBe(all.length)
    // Those that were acknowledged are there, in the order in which they were sent.
    expect(all.filter((value) => this.#acknowledged.includes(value))).toEqual(this.#acknowledged)
    expect(all.slice(0, this.#seen.length)).toEqual(this.#seen)
    const epochs = NODES.map((nodeId) =>
      set.replica(nodeId).log?.leaderEpochs.entries.filter(({ startOffset }) => startOffset < all.length),
    )
    expect(epochs[1]).toEqual(epochs[0])
    expect(epochs[2]).toEqual(epochs[0])
  }

  async #produce(records: number, acks: number): Promise<void> {
    const leader = this.#set.brokers.get(this.#set.image.leader)
    if (leader?.isRunning !== true || this.#fenced.has(leader.nodeId)) return
    const values = Array.from({ length: records }, () => `v${this.#count++}`)
    const sent = sendProduce(leader, batchOf({ records: values }), { acks, timeoutMs: 3_600_000 })
    sent.answer().then(
      (answer) => {
        if (acks === -1 && resultOf(answer).errorCode === ERROR_CODES.NONE) this.#acknowledge(values)
      },
      () => {},
    )
    return settled()
  }

  /** In the order of sending, whatever the order of the answers. */
  #acknowledge(values: readonly string[]): void {
    this.#acknowledged.push(...values)
    this.#acknowledged.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
  }

  async #fence(nodeId: number): Promise<void> {
    const set = this.#set
    if (this.#fenced.delete(nodeId)) set.setFenced(nodeId, false)
    else if (this.#fenced.size === 0 && set.image.isr.some((other) => other !== nodeId)) {
      this.#fenced.add(nodeId)
      set.setFenced(nodeId, true)
      const isr = set.image.isr.filter((other) => other !== nodeId)
      const [next] = isr
      if (set.image.leader === nodeId && next !== undefined) set.change({ leader: next, isr })
      else set.change({ isr })
    }
    return settled()
  }

  async #read(nodeId: number): Promise<void> {
    if (!this.#isUp(nodeId)) return
    await this.#set.replica(nodeId).open()
    const result = await fetchOne(this.#set.broker(nodeId), {})
    if (result.errorCode !== ERROR_CODES.NONE) return
    const values = fetchedValues(result)
    const common = Math.min(values.length, this.#seen.length)
    expect(values.slice(0, common)).toEqual(this.#seen.slice(0, common))
    if (values.length > this.#seen.length) this.#seen = values
  }

  async #restart(nodeIds: readonly number[], power: number | null): Promise<void> {
    const set = this.#set
    for (const nodeId of nodeIds) {
      this.#late.delete(nodeId)
      set.broker(nodeId).kill(power === null ? null : power + nodeId)
    }
    for (const nodeId of nodeIds) {
      await set.broker(nodeId).start()
      set.broker(nodeId).addBroker(nodeId)
      if (this.#fenced.has(nodeId)) set.setFenced(nodeId, true)
      await set.replica(nodeId).open()
    }
    // Its session ended with its process: somebody else leads from now on, or itself in another epoch.
    if (nodeIds.includes(set.image.leader)) {
      const next = set.image.isr.find((nodeId) => !this.#fenced.has(nodeId))
      if (next !== undefined) set.change({ leader: next })
    }
    return settled()
  }

  async #stored(nodeId: number): Promise<string[]> {
    const batches = await this.#set.broker(nodeId).storedBatches('a')
    return batches.flatMap((records) => fetchedValues({ records } as never))
  }

  #isUp(nodeId: number): boolean {
    return this.#set.broker(nodeId).isRunning
  }
}

async function live(actions: readonly Step[], of: Topic): Promise<void> {
  const set = await ReplicaSet.start(NODES, true)
  try {
    set.broker(1).addTopic('a', [NODES], { durability: of.durability, 'min.insync.replicas': of.minInsync })
    const world = new World(set, of)
    for (const action of actions) await world.run(action)
    await world.check()
  } finally {
    await set.close()
  }
}

describe('a replicated partition', () => {
  it('keeps what it acknowledged, in order and once, on all replicas, whatever happens to them (property)', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), topic, live), { numRuns: 40 })
  }, 120_000)
})
