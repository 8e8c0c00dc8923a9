/**
 * The nodes of a run and whoever keeps them running: a process that crashed is started again when its time comes, one that cannot
 * start tries again, one that has nothing to do but fail is started anew.
 */
import type { CrashKind, Host } from './host.ts'
import { errorText } from './simulated-logger.ts'
import { type RunningNode, startNode } from './running-node.ts'
import type { World } from './world.ts'

/** Between two attempts to start a process that ends by itself. */
const START_AGAIN_MS = 500

export interface ClusterNode {
  readonly name: string
  readonly nodeId: number
  readonly host: Host
  readonly staticConfigs: ReadonlyMap<string, string>
  readonly snapshotBytes: number
  readonly checkpointIntervalMs: number
}

interface Slot extends ClusterNode {
  running: RunningNode | null
  /** Counts what was decided about this node, so that what was decided before does nothing any more. */
  decision: number
  lastStartError: string | null
}

export class Cluster {
  readonly #world: World
  readonly #clusterId: string
  readonly #slots = new Map<string, Slot>()

  constructor(world: World, clusterId: string, nodes: readonly ClusterNode[]) {
    this.#world = world
    this.#clusterId = clusterId
    for (const node of nodes) this.#slots.set(node.name, { ...node, running: null, decision: 0, lastStartError: null })
  }

  get names(): readonly string[] {
    return [...this.#slots.keys()]
  }

  host(name: string): Host {
    return this.#slot(name).host
  }

  /** What runs there; null while it is down or still starting. */
  running(name: string): RunningNode | null {
    return this.#slot(name).running
  }

  /** Why it did not come up, if it did not. */
  lastStartError(name: string): string | null {
    return this.#slot(name).lastStartError
  }

  start(name: string): void {
    const slot = this.#slot(name)
    if (slot.host.life !== null) return
    slot.decision += 1
    const { life, runtime } = slot.host.boot()
    const { nodeId, staticConfigs, snapshotBytes, checkpointIntervalMs } = slot
    const options = { nodeId, clusterId: this.#clusterId, address: slot.host.address, staticConfigs, snapshotBytes, checkpointIntervalMs }
    startNode(runtime, options).then(
      (running) => {
        if (!life.isAlive) return
        slot.running = running
        slot.lastStartError = null
        this.#world.trace.record(this.#world.scheduler.nowMs, name, 'started', life.incarnation)
      },
      (error: unknown) => {
        if (!life.isAlive) return
        slot.lastStartError = errorText(error)
        this.#world.trace.record(this.#world.scheduler.nowMs, name, 'start-failed', slot.lastStartError)
        this.crash(name, 'process', START_AGAIN_MS)
      },
    )
  }

  /** Ends the process and starts another one after `downMs`. */
  crash(name: string, how: CrashKind, downMs: number): void {
    const slot = this.#slot(name)
    slot.host.crash(how)
    slot.running = null
    const decision = (slot.decision += 1)
    this.#world.scheduler.schedule(downMs, null, 'start', () => {
      if (slot.decision === decision) this.start(name)
    })
  }

  /** Ends the process in good order, and starts no other. */
  async stop(name: string): Promise<void> {
    const slot = this.#slot(name)
    const { running } = slot
    slot.running = null
    slot.decision += 1
    await running?.close()
    slot.host.crash('process')
  }

  /** No process, and nothing will start one but `start`. */
  keepDown(name: string, how: CrashKind): void {
    const slot = this.#slot(name)
    slot.host.crash(how)
    slot.running = null
    slot.decision += 1
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name)
    if (slot === undefined) throw new Error(`there is no node ${name}`)
    return slot
  }
}
