/**
 * Makes the faults of a plan happen, each at its time, and counts what they hit: which class met a node in which role. `healAll`
 * takes back whatever lasts.
 */
import type { LateCalls } from '../control/late-calls.ts'
import { durableRecordPlace } from '../disk/durable-records.ts'
import type { Succession } from '../run/cluster-state.ts'
import { TOPIC } from '../run/names.ts'
import type { Cluster } from '../world/cluster.ts'
import type { CrashKind, Host } from '../world/host.ts'
import { DATA_DIR } from '../world/running-node.ts'
import type { World } from '../world/world.ts'
import type { Atlas } from './atlas.ts'
import { type Fault, formatFault } from './fault.ts'

export interface FaultInjectorOptions {
  readonly world: World
  readonly cluster: Cluster
  readonly clients: ReadonlyMap<string, Host>
  /** What a node is at this moment, for the table of hits. */
  readonly roleOf: (node: string) => string
  /** Whether a leader asks for the node to be in sync at this moment. */
  readonly isJoining: (node: string) => boolean
  /** Of one of the coordinators of transactions. */
  readonly succession: (place: number) => Succession | null
  readonly atlas: Atlas
  readonly lateCalls: LateCalls
}

const LOOK_MS = 5
/** What was sent before is there by then. */
const CUT_OFF_AFTER_MS = 50

export class FaultInjector {
  readonly #world: World
  readonly #cluster: Cluster
  readonly #clients: ReadonlyMap<string, Host>
  readonly #roleOf: (node: string) => string
  readonly #isJoining: (node: string) => boolean
  readonly #succession: (place: number) => Succession | null
  readonly #atlas: Atlas
  readonly #lateCalls: LateCalls
  readonly #hits = new Map<string, number>()
  /** What lasts, and how it ends. */
  readonly #lasting = new Set<() => void>()
  #isOver = false

  constructor({ world, cluster, clients, roleOf, isJoining, succession, atlas, lateCalls }: FaultInjectorOptions) {
    this.#world = world
    this.#cluster = cluster
    this.#clients = clients
    this.#roleOf = roleOf
    this.#isJoining = isJoining
    this.#succession = succession
    this.#atlas = atlas
    this.#lateCalls = lateCalls
  }

  /** How often what kind of fault met a role, by `kind: role`: what was planned and left out, or waited for in vain, does not count. */
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
      if (life !== null) this.#world.scheduler.resume(life)
      disk.endFaults()
    }
  }

  #apply(fault: Fault): void {
    const { scheduler, trace } = this.#world
    trace.record(scheduler.nowMs, '', 'fault', formatFault(fault))
    switch (fault.kind) {
      case 'crash':
        return this.#afterStall([fault.node], fault.stallMs, () => this.#crash(fault.node, fault.how, fault.downMs))
      case 'blackout': {
        const { names } = this.#cluster
        return this.#afterStall(names, fault.stallMs, () => {
          for (const name of names) this.#end(name, 'power', fault.downMs, 'blackout')
        })
      }
      case 'crash-point': {
        const { operation, path = '', count, side, node, how, downMs, lateMs = 0 } = fault
        const crash = (): void => {
          if (!this.#isOver) this.#crash(node, how, downMs, ` at ${operation}`)
        }
        const reached = lateMs === 0 ? crash : (): void => void scheduler.schedule(lateMs, null, 'crash-late', crash)
        return this.#cluster.host(node).disk.setCrashPoint({ operation, path, count, isAfter: side === 'after', crash: reached })
      }
      case 'pause': {
        const { life } = this.#cluster.host(fault.node)
        if (life === null) return
        this.#count('pause', fault.node)
        life.pausedUntilMs = Math.max(life.pausedUntilMs, scheduler.nowMs + fault.forMs)
        return
      }
      case 'clock-jump':
        this.#count('clock-jump', fault.node)
        return this.#host(fault.node).clock.jump(fault.byMs)
      case 'cut':
        this.#count('cut', fault.from)
        return this.#lasts(fault.forMs, [this.#link(fault.from, fault.to).block()])
      case 'isolate':
        this.#count(`isolate ${fault.way}`, fault.node)
        return this.#lasts(fault.forMs, this.#isolate(fault.node, fault.way))
      case 'clog':
        this.#count('clog', fault.from)
        return this.#lasts(fault.forMs, [this.#link(fault.from, fault.to).clog(fault.extraMs)])
      case 'reset':
        this.#count('reset', fault.from)
        this.#world.fabric.reset(this.#host(fault.from).address, this.#host(fault.to).address)
        return
      case 'late-calls': {
        const { node, method, byMs, forMs } = fault
        this.#count('late-calls', node)
        return this.#lasts(forMs, [this.#lateCalls.add(this.#host(node).address, method, byMs)])
      }
      case 'repeated-calls': {
        const { node, method, byMs, forMs } = fault
        this.#count('repeated-calls', node)
        return this.#lasts(forMs, [this.#lateCalls.repeat(this.#host(node).address, method, byMs)])
      }
      case 'disk-stall':
        this.#count('disk-stall', fault.node)
        return this.#cluster.host(fault.node).disk.stall(fault.forMs, fault.path)
      case 'disk-full':
        this.#count('disk-full', fault.node)
        return this.#lasts(fault.forMs, [this.#cluster.host(fault.node).disk.fill(fault.roomBytes)])
      case 'disk-error':
        this.#cluster.host(fault.node).disk.failNext(fault.operation, fault.path, () => this.#count(`${fault.operation}-error`, fault.node))
        // Whoever looks after the machine starts the process anew.
        scheduler.schedule(fault.downMs, null, 'restart', () => {
          if (!this.#isOver && this.#cluster.running(fault.node) !== null) this.#cluster.crash(fault.node, 'process', 10)
        })
        return
      case 'bit-rot':
        if (!this.#atlas.mayCrash(fault.node)) return
        if (!this.#cluster.host(fault.node).disk.flipBit(fault.path, fault.place)) return
        return this.#end(fault.node, 'process', fault.downMs, 'bit-rot')
      case 'record-rot': {
        const { disk } = this.#cluster.host(fault.node)
        const found = durableRecordPlace(disk.memory, DATA_DIR, TOPIC, fault.place)
        if (found === null || !this.#atlas.mayRot(fault.node)) return
        this.#count('record-rot', fault.node)
        return disk.flipBitAt(found.path, found.position)
      }
      case 'wipe':
        if (!this.#atlas.mayLoseDisk(fault.node)) return
        this.#count('wipe', fault.node)
        return this.#cluster.wipe(fault.node, 'power', fault.downMs)
      case 'wipe-joining': {
        const { node, withinMs, downMs, silentMs } = fault
        return this.#when(
          () => this.#isJoining(node),
          withinMs,
          () => {
            if (!this.#atlas.mayLoseDisk(node)) return
            this.#count('wipe-joining', node)
            // Others see at once that it is gone, and let the next life in before what is late arrives.
            this.#cluster.wipe(node, 'process', downMs)
            this.#lasts(silentMs, this.#silence(node))
          },
        )
      }
      case 'crash-undecided': {
        const { place, withinMs, lateMs, how, downMs } = fault
        const succession = this.#succession(place)
        if (succession === null) return
        const { node, next } = succession
        this.#lasts(withinMs, [this.#link(node, next).block()])
        const crash = (): void => {
          if (!this.#isOver) this.#crash(node, how, downMs, ' while undecided')
        }
        const wait = (): void =>
          this.#when(succession.isUndecided, withinMs, () => void scheduler.schedule(lateMs, null, 'crash-late', crash))
        scheduler.schedule(CUT_OFF_AFTER_MS, null, 'cut-off', wait)
        return
      }
      case 'silence-joining': {
        const { node, withinMs, silentMs } = fault
        return this.#when(
          () => this.#isJoining(node),
          withinMs,
          () => {
            this.#count('silence-joining', node)
            this.#lasts(silentMs, this.#silence(node))
          },
        )
      }
    }
  }

  #when(isSo: () => boolean, withinMs: number, happen: () => void): void {
    if (this.#isOver || withinMs <= 0) return
    if (isSo()) return happen()
    this.#world.scheduler.schedule(LOOK_MS, null, 'is-it-so', () => this.#when(isSo, withinMs - LOOK_MS, happen))
  }

  /** For all other nodes but the active controller. */
  #silence(node: string): readonly (() => void)[] {
    return this.#cluster.names
      .filter((other) => other !== node && !this.#cluster.isActiveController(other))
      .map((other) => this.#link(node, other).block())
  }

  /** At once without a stall. */
  #afterStall(nodes: readonly string[], stallMs: number | undefined, happen: () => void): void {
    if (stallMs === undefined) return happen()
    for (const node of nodes) this.#cluster.host(node).disk.stall(stallMs)
    this.#world.scheduler.schedule(stallMs, null, 'stall-ends', () => {
      if (!this.#isOver) happen()
    })
  }

  /** As much of it as the house promises to survive; `at` is where it happens, for the table of hits. */
  #crash(node: string, how: CrashKind, downMs: number, at = ''): void {
    if (how === 'power' && this.#atlas.mayLosePower(node)) this.#end(node, 'power', downMs, `power${at}`)
    else if (this.#atlas.mayCrash(node)) this.#end(node, 'process', downMs, `crash${at}`)
  }

  #end(node: string, how: CrashKind, downMs: number, kind: string): void {
    this.#count(kind, node)
    this.#cluster.crash(node, how, downMs)
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

  #count(kind: string, name: string): void {
    const role = this.#clients.has(name) ? 'client' : this.#roleOf(name)
    const key = `${kind}: ${role}`
    this.#hits.set(key, (this.#hits.get(key) ?? 0) + 1)
  }
}
