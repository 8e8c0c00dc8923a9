/**
 * Brokers, links and metadata that fail at random under a producer that notes what was acknowledged. Whatever happens, it is there
 * in the end, and all replicas are the same. The simulator does much more of this; here it is quick, and next to what it tries.
 */
import { ERROR_CODES } from '@millrace/protocol'
import { type Random, seededRandom } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { BrokerCluster } from './testing/broker-cluster.ts'

const IDS = [1, 2, 3]
const ACTIONS = 60

it.each([1, 2, 3, 4, 5, 6])('what is acknowledged is kept, seed %i', { timeout: 60_000 }, async (seed) => {
  const run = await FaultyRun.start(seededRandom(seed))
  try {
    for (let action = 0; action < ACTIONS; action += 1) await run.act()
    await run.recover()
    expect(await run.lost()).toEqual([])
    expect(run.acknowledged.size).toBeGreaterThan(3)
    const ends = IDS.map((id) => run.cluster.broker(id).logDirectory?.get('a', 0)?.logEndOffset)
    expect(new Set(ends).size).toBe(1)
    expect(run.cluster.controller.partition('a').isr).toHaveLength(IDS.length)
  } finally {
    await run.cluster.close()
  }
})

class FaultyRun {
  readonly cluster: BrokerCluster
  readonly acknowledged = new Set<string>()
  readonly #random: Random
  readonly #losesPower: boolean
  #produced = 0
  #dead: number | null = null

  private constructor(cluster: BrokerCluster, random: Random, losesPower: boolean) {
    this.cluster = cluster
    this.#random = random
    this.#losesPower = losesPower
  }

  static async start(random: Random): Promise<FaultyRun> {
    const cluster = await BrokerCluster.start(IDS.length)
    const durability = random.uint32() % 2 === 0 ? 'fsync' : 'replicated'
    cluster.controller.addTopic('a', IDS, { 'min.insync.replicas': '2', durability })
    await cluster.pass(50)
    // What is acknowledged from memory is not promised to survive the power.
    return new FaultyRun(cluster, random, durability === 'fsync')
  }

  /** Sends something, has something happen, and lets some time pass. */
  async act(): Promise<void> {
    for (let sends = this.#draw(4); sends > 0; sends -= 1) this.#produce()
    await this.#fault()
    await this.cluster.pass(10 * this.#draw(60))
  }

  async recover(): Promise<void> {
    this.#heal()
    await this.#revive()
    await this.cluster.pass(40_000)
    await this.cluster.client.produceSurely('a', 'last')
    await this.cluster.pass(2_000)
  }

  async lost(): Promise<string[]> {
    const seen = new Set(await this.cluster.during(this.cluster.client.read('a')))
    return [...this.acknowledged].filter((value) => !seen.has(value))
  }

  async #fault(): Promise<void> {
    const { cluster } = this
    const { controller, network } = cluster
    const [id, other] = [1 + this.#draw(IDS.length), 1 + this.#draw(IDS.length)]
    switch (this.#draw(9)) {
      case 0:
        return this.#kill(id)
      case 1:
      case 2:
        return this.#revive()
      case 3:
        if (id !== other) network.cut(`broker-${id}`, `broker-${other}`)
        return
      case 4:
      case 5:
        return this.#heal()
      case 6: {
        const { isr } = controller.partition('a')
        const next = isr[this.#draw(isr.length)] ?? -1
        if (controller.feed.image().brokers.get(next)?.isFenced === false) controller.elect('a', next)
        return
      }
      case 7:
        return controller.fence(id)
      default:
        controller.hold(id)
        await cluster.pass(this.#draw(200))
        controller.release(id)
    }
  }

  #produce(): void {
    const value = `value ${this.#produced++}`
    void this.cluster.client.produce('a', value).then((errorCode) => {
      if (errorCode === ERROR_CODES.NONE) this.acknowledged.add(value)
    })
  }

  #kill(id: number): void {
    if (this.#dead !== null) return
    this.#dead = id
    this.cluster.broker(id).kill(this.#losesPower)
    this.cluster.controller.fence(id)
  }

  async #revive(): Promise<void> {
    const dead = this.#dead
    this.#dead = null
    if (dead !== null) await this.cluster.during(this.cluster.broker(dead).start())
  }

  #heal(): void {
    for (const one of IDS) for (const other of IDS) if (one < other) this.cluster.network.heal(`broker-${one}`, `broker-${other}`)
  }

  #draw(count: number): number {
    return this.#random.uint32() % count
  }
}
