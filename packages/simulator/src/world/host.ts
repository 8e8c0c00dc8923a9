/**
 * One simulated machine: an address, clocks, a disk, and at most one process at a time. Processes come and go; the disk stays.
 */
import { type Compression, crc32c, createCompression, type Runtime } from '@millrace/runtime'
import { type ClockSettings, HostClock } from '../core/host-clock.ts'
import { Life } from '../core/life.ts'
import type { RandomStreams } from '../core/random-streams.ts'
import type { Scheduler } from '../core/scheduler.ts'
import { type DiskSettings, HostDisk } from '../disk/host-disk.ts'
import { LifeDisk } from '../disk/life-disk.ts'
import type { Fabric, NetworkHost } from '../network/fabric.ts'
import { HostNetwork } from '../network/host-network.ts'
import { type LogListener, SimulatedLogger } from './simulated-logger.ts'

/** How a process ends: what it wrote to the page cache stays, or the power goes as well. */
export type CrashKind = 'process' | 'power'

export interface HostOptions {
  readonly name: string
  readonly address: string
  readonly clock: ClockSettings
  readonly disk: DiskSettings
}

export interface HostWorld {
  readonly scheduler: Scheduler
  readonly streams: RandomStreams
  readonly fabric: Fabric
  readonly logListener: LogListener
}

const compression = createCompression()

export class Host implements NetworkHost {
  readonly name: string
  readonly address: string
  readonly clock: HostClock
  readonly disk: HostDisk
  readonly #world: HostWorld
  #life: Life | null = null
  #starts = 0
  #isPowered = true
  #waitingForPower: (() => void)[] = []

  constructor(world: HostWorld, { name, address, clock, disk }: HostOptions) {
    const { scheduler, streams, fabric } = world
    this.#world = world
    this.name = name
    this.address = address
    this.clock = new HostClock(scheduler, streams.stream(`clock ${name}`), clock)
    const wallClock = this.clock.forLife(new Life(name, 0, 0))
    this.disk = new HostDisk(scheduler, streams.stream(`disk ${name}`), disk, wallClock)
    fabric.addHost(this)
  }

  get isPowered(): boolean {
    return this.#isPowered
  }

  get isAnswering(): boolean {
    return this.#isPowered && this.#life !== null && this.#life.pausedUntilMs <= this.#world.scheduler.nowMs
  }

  /** The process that runs here; null while none does. */
  get life(): Life | null {
    return this.#life
  }

  whenPowered(goOn: () => void): void {
    this.#waitingForPower.push(goOn)
  }

  /** A new process begins. Its doors are all that it gets. */
  boot(): { readonly life: Life; readonly runtime: Runtime } {
    if (this.#life !== null) throw new Error(`${this.name} is running already`)
    this.powerOn()
    const { scheduler, streams, fabric, logListener } = this.#world
    this.#starts += 1
    const life = new Life(this.name, this.#starts, scheduler.nowMs)
    this.#life = life
    const random = streams.stream(`process ${this.name} ${this.#starts}`)
    return {
      life,
      runtime: {
        clock: this.clock.forLife(life),
        random,
        disk: new LifeDisk(this.disk, life, scheduler, streams.stream(`disk ${this.name} ${this.#starts}`)),
        network: new HostNetwork(fabric, life, this.address),
        logger: new SimulatedLogger(scheduler, life, logListener),
        compression: onTheLoop(compression, scheduler, life),
        crc32c,
      },
    }
  }

  /** Ends the process where it is: no cleanup, no goodbye but the system's own. */
  crash(kind: CrashKind): void {
    const life = this.#life
    if (kind === 'power') this.#isPowered = false
    if (life === null) return
    this.#life = null
    life.end()
    this.#world.scheduler.trace.record(this.#world.scheduler.nowMs, this.name, 'crash', kind)
    this.#world.fabric.processEnded(life, kind === 'power')
    this.disk.endLife(kind === 'process')
  }

  powerOn(): void {
    if (this.#isPowered) return
    this.#isPowered = true
    const waiting = this.#waitingForPower
    this.#waitingForPower = []
    for (const goOn of waiting) goOn()
  }
}

/** Threads would finish when they like. Here what they do takes a turn of the process. */
function onTheLoop(codecs: Compression, scheduler: Scheduler, life: Life): Compression {
  return {
    compress: (type, bytes, level) => codecs.compress(type, bytes, level),
    decompress: (type, bytes, maxBytes) => codecs.decompress(type, bytes, maxBytes),
    decompressAsync: (type, bytes, maxBytes) =>
      new Promise((resolve, reject) => {
        scheduler.schedule(0, life, 'decompress', () => {
          try {
            resolve(codecs.decompress(type, bytes, maxBytes))
          } catch (error) {
            reject(error)
          }
        })
      }),
  }
}
