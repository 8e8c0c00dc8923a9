/**
 * Everything that exists in one run: time, chance, the network, the hosts, and what was found to be wrong.
 *
 * The first violation ends the run: what follows a broken promise says little.
 */
import { loadDeferred } from '@millrace/broker'
import { PEER_CONTROL } from '@millrace/controller'
import type { LogFields } from '@millrace/runtime'
import type { Life } from '../core/life.ts'
import { RandomStreams } from '../core/random-streams.ts'
import { Scheduler } from '../core/scheduler.ts'
import { Trace } from '../core/trace.ts'
import { drive } from '../driver.ts'
import { Fabric, type NetworkSettings } from '../network/fabric.ts'
import { Host, type HostOptions } from './host.ts'
import { errorText, type LogLevel, type LogListener } from './simulated-logger.ts'

/** A promise that was broken, in the words of whoever noticed. */
export interface Violation {
  /** The checker, or `crash` for what ended a process, `leak` for what reached past the ports. */
  readonly rule: string
  readonly message: string
}

export interface WorldOptions {
  readonly seed: number
  readonly network: NetworkSettings
}

export class World {
  readonly streams: RandomStreams
  readonly trace = new Trace()
  readonly scheduler: Scheduler
  readonly fabric: Fabric
  readonly #hosts = new Map<string, Host>()
  readonly #reached = new Map<string, number>()
  readonly #afterEvents: (() => void)[] = []
  readonly #lineListeners: LogListener['onLine'][] = []
  #violation: Violation | null = null

  constructor({ seed, network }: WorldOptions) {
    this.streams = new RandomStreams(seed)
    this.scheduler = new Scheduler({
      random: this.streams.stream('scheduler'),
      trace: this.trace,
      onUncaught: (life, error) => this.#onUncaught(life, error),
    })
    this.fabric = new Fabric(this.scheduler, this.streams.stream('network'), network)
  }

  get violation(): Violation | null {
    return this.#violation
  }

  /** States that are rare and good to have been in, with how often. */
  get reached(): ReadonlyMap<string, number> {
    return this.#reached
  }

  addHost(options: HostOptions): Host {
    const { scheduler, streams, fabric } = this
    const logListener = { onLine: this.#onLine.bind(this) }
    const host = new Host({ scheduler, streams, fabric, logListener }, options)
    this.#hosts.set(options.name, host)
    return host
  }

  violate(rule: string, message: string): void {
    if (this.#violation !== null) return
    this.#violation = { rule, message }
    this.trace.record(this.scheduler.nowMs, '', 'violation', `${rule}: ${message}`)
  }

  /** Notes that a rare state was met. */
  sometimes(name: string): void {
    this.#reached.set(name, (this.#reached.get(name) ?? 0) + 1)
  }

  /** Calls `watch` after each event. */
  watch(watch: () => void): void {
    this.#afterEvents.push(watch)
  }

  /** Calls the listener with what processes log. */
  onLine(listener: LogListener['onLine']): void {
    this.#lineListeners.push(listener)
  }

  /** For the run's own script. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.scheduler.schedule(ms, null, 'script', resolve)
    })
  }

  /** Lets time pass until `script` is done or something is wrong. */
  async run(script: () => Promise<void>): Promise<void> {
    // Files that are read meanwhile would come at moments that no seed knows.
    await Promise.all([loadDeferred(), PEER_CONTROL.load()])
    let isDone = false
    this.scheduler.schedule(0, null, 'begin', () => {
      script().then(
        () => {
          isDone = true
        },
        (error: unknown) => this.violate('script', error instanceof Error ? (error.stack ?? error.message) : String(error)),
      )
    })
    await drive({
      step: () => {
        for (const watch of this.#afterEvents) watch()
        if (isDone || this.#violation !== null) return false
        if (this.scheduler.isStuck) this.violate('script', 'time does not move on')
        else if (this.scheduler.step()) return true
        else this.violate('script', 'nothing is left to happen, and the run is not over')
        return false
      },
      onUnhandledRejection: (error) => {
        const { current } = this.scheduler
        // Whoever crashed in the middle of a turn leaves promises behind.
        if (current === null || current.isAlive) this.#onUncaught(current, error)
      },
      onLeak: (what, trail) => this.violate('leak', `${what} was used past its port: ${trail}`),
    })
  }

  #onUncaught(life: Life | null, error: unknown): void {
    const text = error instanceof Error ? `${errorText(error)}\n${error.stack ?? ''}` : String(error)
    this.violate('crash', `${life?.who ?? 'the run'} threw: ${text}`)
  }

  #onLine(life: Life, level: LogLevel, event: string, fields: LogFields): void {
    this.sometimes(event)
    for (const listener of this.#lineListeners) listener(life, level, event, fields)
    if (level !== 'error') return
    for (const value of Object.values(fields)) {
      if (hasBrokenInvariant(value)) this.violate('invariant', `${life.who}: ${event}: ${(value as Error).stack ?? errorText(value)}`)
    }
  }
}

function hasBrokenInvariant(value: unknown): boolean {
  if (!(value instanceof Error)) return false
  return ['InvariantError', 'TypeError', 'RangeError'].includes(value.name) || hasBrokenInvariant(value.cause)
}
