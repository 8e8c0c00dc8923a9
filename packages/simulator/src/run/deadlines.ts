/** What has to come true within some simulated time, or else the run is over and says who did what. */
import type { Cluster } from '../world/cluster.ts'
import type { World } from '../world/world.ts'

const LOOK_AGAIN_MS = 50

export class Deadlines {
  readonly #world: World
  readonly #cluster: Cluster

  constructor(world: World, cluster: Cluster) {
    this.#world = world
    this.#cluster = cluster
  }

  /** Looks again and again, from outside and without a word to any node. */
  async until(limitMs: number, what: string, isSo: () => boolean): Promise<void> {
    await this.within(limitMs, what, async () => {
      while (!isSo()) await this.#world.sleep(LOOK_AGAIN_MS)
    })
  }

  async within<T>(limitMs: number, what: string, run: () => Promise<T>): Promise<T> {
    const timer = this.#world.scheduler.schedule(limitMs, null, 'deadline', () => {
      const states = this.#cluster.names.map((name) => this.#cluster.describe(name))
      this.#world.violate('liveness', `${what}: not within ${limitMs} ms (${states.join('; ')})`)
    })
    try {
      return await run()
    } finally {
      timer.cancel()
    }
  }
}
