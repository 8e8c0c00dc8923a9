/**
 * The nodes of a run and whoever keeps them running: a process that crashed is started again when its time comes, one that cannot
 * start or cannot go on is started anew.
 */
import type { WatchedNode } from '../checkers/watched-node.ts'
import type { ControlNetwork } from '../control/control-network.ts'
import type { CrashKind, Host } from './host.ts'
import { errorText } from './simulated-logger.ts'
import type { ClusterImage } from '@millrace/metadata'
import type { Disk } from '@millrace/runtime'
import type { ComposedNode } from '@millrace/server'
import { formatDisk, type NodeOptions, startSimulatedNode } from './running-node.ts'
import type { World } from './world.ts'

/** Between two attempts to start a process that ends by itself. */
const START_AGAIN_MS = 500

export interface ClusterNode {
  readonly name: string
  readonly host: Host
  readonly options: NodeOptions
}

interface Slot extends ClusterNode {
  running: ComposedNode | null
  /** Counts what was decided about this node, so that what was decided before does nothing any more. */
  decision: number
  lastError: string | null
  /** The disk is another one than before and was not formatted yet. */
  isDiskNew: boolean
  /** Of a controller's disk that replaced the first one; null before that. */
  newDirectoryId: string | null
}

export class Cluster {
  readonly #world: World
  readonly #network: ControlNetwork
  readonly #slots = new Map<string, Slot>()
  readonly #imageListeners: ((image: ClusterImage) => void)[] = []

  constructor(world: World, network: ControlNetwork, nodes: readonly ClusterNode[]) {
    this.#world = world
    this.#network = network
    for (const node of nodes)
      this.#slots.set(node.name, { ...node, running: null, decision: 0, lastError: null, isDiskNew: false, newDirectoryId: null })
  }

  get names(): readonly string[] {
    return [...this.#slots.keys()]
  }

  host(name: string): Host {
    return this.#slot(name).host
  }

  /** What runs there; null while it is down or still starting. */
  running(name: string): ComposedNode | null {
    return this.#slot(name).running
  }

  isActiveController(name: string): boolean {
    return this.running(name)?.leadership()?.isActive === true
  }

  /** Calls the listener with each image of the metadata that a node comes to have while it runs. */
  onImage(listener: (image: ClusterImage) => void): void {
    this.#imageListeners.push(listener)
  }

  /** For people: what a node does, or why it does not. */
  describe(name: string): string {
    const { running, lastError } = this.#slot(name)
    if (running === null) return `${name} down (${lastError ?? 'crashed'})`
    return `${name} up${this.isActiveController(name) ? ', active controller' : ''}`
  }

  /** Those that run, for checkers. */
  watched(): readonly WatchedNode[] {
    const watched: WatchedNode[] = []
    for (const { running, host, options } of this.#slots.values()) {
      if (running === null || host.life === null) continue
      const { incarnation } = host.life
      const [image, brokerEpoch] = [running.feed.image(), running.brokerEpoch()]
      watched.push({ nodeId: options.nodeId, incarnation, brokerEpoch, image, partitions: () => running.hosted() })
    }
    return watched
  }

  /** Makes the disks of all nodes ready, as somebody does before their first start. */
  async format(): Promise<void> {
    const format = async ({ host, options }: Slot): Promise<void> => {
      const { runtime } = host.boot()
      await formatDisk(runtime, options)
      host.crash('process')
    }
    await Promise.all([...this.#slots.values()].filter(({ options }) => options.voters.length > 0).map(format))
  }

  start(name: string): void {
    const slot = this.#slot(name)
    const { host, options } = slot
    if (host.life !== null) return
    slot.decision += 1
    const { life, runtime } = host.boot()
    const failed = (error: unknown): void => {
      if (!life.isAlive) return
      slot.lastError = errorText(error)
      this.#world.trace.record(this.#world.scheduler.nowMs, name, 'failed', slot.lastError)
      this.crash(name, 'process', START_AGAIN_MS)
    }
    const run = async (): Promise<ComposedNode> => {
      if (slot.isDiskNew) {
        slot.newDirectoryId = await formatDisk(runtime, options, true)
        slot.isDiskNew = false
      }
      return startSimulatedNode({ life, address: host.address, runtime }, this.#network, options)
    }
    run().then((running) => {
      if (!life.isAlive) return
      slot.running = running
      slot.lastError = null
      running.failed.catch(failed)
      running.feed.subscribe((image) => {
        for (const listener of this.#imageListeners) listener(image)
      })
      this.#world.trace.record(this.#world.scheduler.nowMs, name, 'started', life.incarnation)
    }, failed)
  }

  /** Ends the process and starts another one after `downMs`. */
  crash(name: string, how: CrashKind, downMs: number): void {
    const decision = this.#end(name, how)
    this.#world.scheduler.schedule(downMs, null, 'start', () => {
      if (this.#slot(name).decision === decision) this.start(name)
    })
  }

  /** The process ends, and the disk is replaced by an empty one, which somebody formats. A controller is not the voter any more. */
  wipe(name: string, how: CrashKind, downMs: number): void {
    const slot = this.#slot(name)
    this.crash(name, how, downMs)
    slot.host.disk.wipe()
    slot.isDiskNew = slot.options.voters.some(({ nodeId }) => nodeId === slot.options.nodeId)
  }

  /** Ends the process, works on the disk, and starts another one. */
  async repair(name: string, downMs: number, work: (disk: Disk) => Promise<void>): Promise<void> {
    this.crash(name, 'process', downMs)
    await work(this.#slot(name).host.disk.memory)
  }

  /** Controllers whose disks were replaced, with what was made of the new ones; null for one that is not formatted yet. */
  replacedControllers(): readonly { readonly node: ClusterNode; readonly directoryId: string | null }[] {
    return [...this.#slots.values()]
      .filter(({ isDiskNew, newDirectoryId }) => isDiskNew || newDirectoryId !== null)
      .map((node) => ({ node, directoryId: node.isDiskNew ? null : node.newDirectoryId }))
  }

  /** No process, and nothing will start one but `start`. */
  keepDown(name: string, how: CrashKind): void {
    this.#end(name, how)
  }

  #end(name: string, how: CrashKind): number {
    const slot = this.#slot(name)
    slot.host.crash(how)
    slot.running = null
    slot.decision += 1
    return slot.decision
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name)
    if (slot === undefined) throw new Error(`there is no node ${name}`)
    return slot
  }
}
