/**
 * Makes the faults of a plan happen, each at its time, and counts what they hit: which class met a node in which role. `healAll`
 * takes back whatever lasts.
 */
import type { Cluster } from '../world/cluster.ts'
import type { CrashKind, Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import type { Atlas } from './atlas.ts'
import { type Fault, formatFault } from './fault.ts'

export interface FaultInjectorOptions {
  readonly world: World
  readonly cluster: Cluster
  readonly clients: ReadonlyMap<string, Host>
  /** What a node is at this moment, for the table of hits. */
  readonly roleOf: (node: string) => string
  readonly atlas: Atlas
}

export class FaultInjector {
  readonly #world: World
  readonly #cluster: Cluster
  readonly #clients: ReadonlyMap<string, Host>
  readonly #roleOf: (node: string) => string
  readonly #atlas: Atlas
  readonly #hits = new Map<string, number>()
  /** What lasts, and how it ends. */
  readonly #lasting = new Set<() => void>()
  #isOver = false

  constructor({ world, cluster, clients, roleOf, atlas }: FaultInjectorOptions) {
    this.#world = world
    this.#cluster = cluster
    this.#clients = clients
    this.#roleOf = roleOf
    this.#atlas = atlas
  }

  /** How often a kind of fault met a role, by `kind role`. */
  get hits(): ReadonlyMap<string, number> {
    return this.#hits
  }

  plan(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.#world.scheduler.schedule(fault.atMs, null, `fault-${fault.kind}`, () => {
        if (!this.#isOver) this.#apply(fault)
      })
    }
  }

  /** Ends what lasts and lets nothing new happen. Nodes that are down stay down. */
  healAll(): void {
    this.#isOver = true
    for (const end of Array.from(this.#lasting)) end()
    for (const name of this.#cluster.names) {
      const { life, disk } = this.#cluster.host(name)
      if (life !== null) life.pausedUntilMs = 0
      disk.endFaults()
    }
  }

  #apply(fault: Fault): void {
    const { scheduler, trace } = this.#world
    trace.record(scheduler.nowMs, '', 'fault', formatFault(fault))
    this.#count(fault)
    switch (fault.kind) {
      case 'crash':
        return this.#crash(fault.node, fault.how, fault.downMs)
      case 'blackout':
        for (const name of this.#cluster.names) this.#cluster.crash(name, 'power', fault.downMs)
        return
      case 'crash-point': {
        const { operation, count, side, node, how, downMs, lateMs = 0 } = fault
        const crash = (): void => {
          if (!this.#isOver) this.#crash(node, how, downMs)
        }
        const reached = lateMs === 0 ? crash : (): void => void scheduler.schedule(lateMs, null, 'crash-late', crash)
        return this.#cluster.host(node).disk.setCrashPoint({ operation, count, isAfter: side === 'after', crash: reached })
      }
      case 'pause': {
        const { life } = this.#cluster.host(fault.node)
        if (life !== null) life.pausedUntilMs = Math.max(life.pausedUntilMs, scheduler.nowMs + fault.forMs)
        return
      }
      case 'clock-jump':
        return this.#host(fault.node).clock.jump(fault.byMs)
      case 'cut':
        return this.#lasts(fault.forMs, [this.#link(fault.from, fault.to).block()])
      case 'isolate':
        return this.#lasts(fault.forMs, this.#isolate(fault.node, fault.way))
      case 'clog':
        return this.#lasts(fault.forMs, [this.#link(fault.from, fault.to).clog(fault.extraMs)])
      case 'reset':
        this.#world.fabric.reset(this.#host(fault.from).address, this.#host(fault.to).address)
        return
      case 'disk-stall':
        return this.#cluster.host(fault.node).disk.stall(fault.forMs)
      case 'disk-full':
        return this.#lasts(fault.forMs, [this.#cluster.host(fault.node).disk.fill(fault.roomBytes)])
      case 'disk-error':
        this.#cluster.host(fault.node).disk.failNext(fault.operation, fault.path)
        // Whoever looks after the machine starts the process anew.
        scheduler.schedule(fault.downMs, null, 'restart', () => {
          if (!this.#isOver && this.#cluster.running(fault.node) !== null) this.#cluster.crash(fault.node, 'process', 10)
        })
        return
      case 'bit-flip':
        return this.#cluster.host(fault.node).disk.flipBit(fault.path, fault.place)
      case 'wipe':
        if (!this.#atlas.mayLoseDisk(fault.node)) return
        this.#cluster.crash(fault.node, 'power', fault.downMs)
        return this.#cluster.host(fault.node).disk.wipe()
    }
  }

  /** As much of it as the house promises to survive. */
  #crash(node: string, how: CrashKind, downMs: number): void {
    if (how === 'power' && this.#atlas.mayLosePower(node)) this.#cluster.crash(node, 'power', downMs)
    else if (this.#atlas.mayCrash(node)) this.#cluster.crash(node, 'process', downMs)
  }

  #isolate(name: string, way: 'in' | 'out' | 'both'): readonly (() => void)[] {
    const { address } = this.#host(name)
    const others = [...this.#cluster.names.map((node) => this.#cluster.host(node)), ...this.#clients.values()]
    return others
      .filter((other) => other.address !== address)
      .flatMap((other) => [
        ...(way === 'out' ? [] : [this.#world.fabric.link(other.address, address).block()]),
        ...(way === 'in' ? [] : [this.#world.fabric.link(address, other.address).block()]),
      ])
  }

  #link(from: string, to: string): ReturnType<World['fabric']['link']> {
    return this.#world.fabric.link(this.#host(from).address, this.#host(to).address)
  }

  #host(name: string): Host {
    return this.#clients.get(name) ?? this.#cluster.host(name)
  }

  #lasts(forMs: number, ends: readonly (() => void)[]): void {
    const end = (): void => {
      this.#lasting.delete(end)
      for (const part of ends) part()
    }
    this.#lasting.add(end)
    this.#world.scheduler.schedule(forMs, null, 'fault-ends', end)
  }

  #count(fault: Fault): void {
    const node = 'node' in fault ? fault.node : 'from' in fault ? fault.from : null
    const role = node === null ? 'all' : this.#clients.has(node) ? 'client' : this.#roleOf(node)
    const key = `${fault.kind} ${role}`
    this.#hits.set(key, (this.#hits.get(key) ?? 0) + 1)
  }
}
