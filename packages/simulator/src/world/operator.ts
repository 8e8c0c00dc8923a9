/**
 * Whoever looks after the controllers: when the disk of one was replaced, takes the vote from the voter that is gone for good and
 * gives one to the new directory, step by step as docs/operations.md says, and again until it is done.
 */
import type { Client } from '@millrace/client'
import type { Cluster } from './cluster.ts'
import { CONTROLLER_PORT } from './running-node.ts'
import type { World } from './world.ts'

const LOOK_AGAIN_MS = 500

export class Operator {
  readonly #world: World
  readonly #cluster: Cluster
  readonly #client: Client
  /** By node: the directory whose vote was seen. */
  readonly #voting = new Map<number, string>()
  #isOver = false

  constructor(world: World, cluster: Cluster, client: Client) {
    this.#world = world
    this.#cluster = cluster
    this.#client = client
  }

  /** Nothing is to be done: every controller votes. */
  get isDone(): boolean {
    return this.#cluster.replacedControllers().every(({ node, directoryId }) => {
      return directoryId !== null && this.#voting.get(node.options.nodeId) === directoryId
    })
  }

  async work(): Promise<void> {
    while (!this.#isOver) {
      await this.#world.sleep(LOOK_AGAIN_MS)
      for (const { node, directoryId } of this.#cluster.replacedControllers()) {
        if (directoryId === null || this.#isOver) continue
        try {
          await this.#replace(node.options.nodeId, directoryId, node.host.address)
        } catch {
          // There may be no controller now, the node may be down, or another change may be under way.
        }
      }
    }
    await this.#client.close()
  }

  stop(): void {
    this.#isOver = true
  }

  async #replace(nodeId: number, directoryId: string, host: string): Promise<void> {
    const admin = this.#client.admin()
    const { voters } = await admin.describeQuorum()
    const own = voters.filter((voter) => voter.nodeId === nodeId)
    for (const voter of own) if (voter.directoryId !== directoryId) await admin.removeVoter(voter)
    if (!own.some((voter) => voter.directoryId === directoryId)) await admin.addVoter({ nodeId, directoryId, host, port: CONTROLLER_PORT })
    else if (this.#voting.get(nodeId) !== directoryId) {
      this.#voting.set(nodeId, directoryId)
      this.#world.sometimes('a controller whose disk was replaced votes again')
    }
  }
}
