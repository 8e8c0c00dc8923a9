/**
 * Whoever looks after damaged logs: when a node says that one is damaged and the cluster does not count on that replica any more,
 * removes it, so that it is fetched anew, step by step as docs/operations.md says.
 */
import type { ClusterImage } from '@millrace/metadata'
import { forgetPartition } from '../disk/durable-records.ts'
import type { Cluster } from './cluster.ts'
import { DATA_DIR } from './running-node.ts'
import type { World } from './world.ts'

const DAMAGED = 'the log of a partition is damaged; the controller is told'
const SERVES = 'broker serves'
const LOOK_AGAIN_MS = 200
const DOWN_MS = 100

export class Repairs {
  readonly #world: World
  readonly #cluster: Cluster
  readonly #image: () => ClusterImage | undefined
  /** By node, then the names of partitions. */
  readonly #damaged = new Map<string, Set<string>>()
  /** When a node last began to serve, and with that to read its logs through. */
  #servedMs = 0

  constructor(world: World, cluster: Cluster, image: () => ClusterImage | undefined) {
    this.#world = world
    this.#cluster = cluster
    this.#image = image
    world.onLine(({ who }, _level, event, { topic, partition }) => {
      if (event === SERVES) this.#servedMs = world.scheduler.nowMs
      if (event === DAMAGED) this.#note(who, `${String(topic)}-${String(partition)}`)
    })
  }

  /** Nothing is known to be damaged. */
  get areDone(): boolean {
    return this.#damaged.size === 0
  }

  /** For how long all nodes have read their logs through, without one of them starting anew. */
  get readingMs(): number {
    return this.#world.scheduler.nowMs - this.#servedMs
  }

  #note(node: string, name: string): void {
    const names = this.#damaged.get(node)
    if (names !== undefined) return void names.add(name)
    this.#damaged.set(node, new Set([name]))
    this.#lookAgain(node)
  }

  #lookAgain(node: string): void {
    this.#world.scheduler.schedule(LOOK_AGAIN_MS, null, 'repair', () => {
      const names = this.#damaged.get(node) ?? new Set()
      if (![...names].every((name) => this.#isGivenUp(node, name))) return this.#lookAgain(node)
      this.#damaged.delete(node)
      this.#world.sometimes('a damaged replica was removed, to be fetched anew')
      void this.#cluster.repair(node, DOWN_MS, async (disk) => {
        for (const name of names) await forgetPartition(disk, DATA_DIR, name)
      })
    })
  }

  #isGivenUp(node: string, name: string): boolean {
    const nodeId = this.#cluster.names.indexOf(node) + 1
    const [, topic = '', index = ''] = /^(.*)-(\d+)$/.exec(name) ?? []
    const partition = this.#image()?.topics.get(topic)?.partitions[Number(index)]
    return partition !== undefined && !partition.isr.includes(nodeId) && !partition.elr.includes(nodeId) && partition.isr.length > 0
  }
}
