/**
 * The network between the simulated hosts: who listens where, which connections there are, and the links that faults act upon.
 */
import { type Address, type Connection, NETWORK_ERROR_CODES, NetworkError } from '@millrace/runtime'
import type { Life } from '../core/life.ts'
import type { RandomStream } from '../core/random-streams.ts'
import type { Scheduler } from '../core/scheduler.ts'
import { Endpoint } from './endpoint.ts'
import { Link, type LinkSettings } from './link.ts'
import { Pipe } from './pipe.ts'

export interface NetworkSettings extends LinkSettings {
  readonly chunkBytesMax: number
  readonly windowBytes: number
}

/** What the fabric has to know of a host. */
export interface NetworkHost {
  readonly address: string
  readonly isPowered: boolean
  /** Its process is there and not paused. */
  readonly isAnswering: boolean
  /** Calls `goOn` once, when the power is back. */
  whenPowered(goOn: () => void): void
}

export interface ListenerEntry {
  readonly life: Life
  onConnection(connection: Connection): void
}

interface OpenConnection {
  readonly ends: readonly [Endpoint, Endpoint]
  readonly pipes: readonly [Pipe, Pipe]
}

/** The system's own patience where the caller states none. */
const CONNECT_TIMEOUT_MS = 127_000
const SYN_AGAIN_MS = 1_000
const FIRST_EPHEMERAL_PORT = 32_768

export class Fabric {
  readonly #scheduler: Scheduler
  readonly #random: RandomStream
  readonly #settings: NetworkSettings
  readonly #hosts = new Map<string, NetworkHost>()
  readonly #links = new Map<string, Link>()
  readonly #listeners = new Map<string, ListenerEntry>()
  readonly #connections = new Set<OpenConnection>()
  #nextPort = FIRST_EPHEMERAL_PORT

  constructor(scheduler: Scheduler, random: RandomStream, settings: NetworkSettings) {
    this.#scheduler = scheduler
    this.#random = random
    this.#settings = settings
  }

  addHost(host: NetworkHost): void {
    this.#hosts.set(host.address, host)
  }

  link(from: string, to: string): Link {
    const key = `${from}>${to}`
    let link = this.#links.get(key)
    if (link === undefined) {
      link = new Link(this.#random, this.#settings)
      this.#links.set(key, link)
    }
    return link
  }

  /** Whether a ping from one to the other would be answered as things are. */
  answersPings(from: string, to: string): boolean {
    return !this.link(from, to).isBlocked && !this.link(to, from).isBlocked && this.#hosts.get(to)?.isAnswering === true
  }

  freePort(): number {
    this.#nextPort += 1
    return this.#nextPort
  }

  listen(address: Address, entry: ListenerEntry): () => void {
    const key = `${address.host}:${address.port}`
    if (this.#listeners.get(key)?.life.isAlive === true) {
      throw new NetworkError(NETWORK_ERROR_CODES.addressInUse, `cannot listen on ${key}: EADDRINUSE`)
    }
    this.#listeners.set(key, entry)
    return () => {
      if (this.#listeners.get(key) === entry) this.#listeners.delete(key)
    }
  }

  /** Three steps, each of which takes its way over the link and may get lost on it. */
  connect(life: Life, from: string, to: Address, timeoutMs = CONNECT_TIMEOUT_MS): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const name = `${to.host}:${to.port}`
      let isSettled = false
      let made: OpenConnection | null = null
      const settle = (act: () => void): void => {
        if (isSettled) return
        isSettled = true
        timer.cancel()
        act()
      }
      const timer = this.#scheduler.schedule(timeoutMs, life, 'connect-timeout', () =>
        settle(() => {
          made?.ends[0].abandon()
          reject(new NetworkError(NETWORK_ERROR_CODES.timedOut, `cannot connect to ${name}: no connection within ${timeoutMs} ms`))
        }),
      )
      const isOver = (): boolean => isSettled || !life.isAlive
      const refuse = (): void => {
        const error = new NetworkError(NETWORK_ERROR_CODES.refused, `cannot connect to ${name}: ECONNREFUSED`)
        this.#travel(to.host, from, isOver, () => this.#as(life, 'refused', to.port, () => settle(() => reject(error))))
      }
      const accept = (): void => {
        const listener = this.#listeners.get(name)
        if (listener?.life.isAlive !== true) return refuse()
        made = this.#make(life, from, listener, to)
        const [near, far] = made.ends
        this.#as(listener.life, 'accept', near.local.port, () => listener.onConnection(far))
        this.#travel(to.host, from, isOver, () => {
          this.#as(life, 'connected', to.port, () => settle(() => resolve(near)))
        })
      }
      this.#travel(from, to.host, isOver, accept)
    })
  }

  /** Resets connections between two hosts; what is under way is lost from some point on. */
  reset(a: string, b: string): number {
    const concerned = [...this.#connections].filter(({ ends: [near] }) => {
      const hosts = [near.local.host, near.remote.host]
      return hosts.includes(a) && hosts.includes(b)
    })
    for (const { pipes } of concerned) for (const pipe of pipes) pipe.cut()
    return concerned.length
  }

  /** A process is gone: its peers learn what the operating system tells them, or nothing when the power is gone too. */
  processEnded(life: Life, hadPowerCut: boolean): void {
    if (hadPowerCut) return
    for (const { ends } of Array.from(this.#connections)) for (const end of ends) if (end.life === life) end.abandon()
  }

  /** A step of making a connection. It is sent again until it arrives. */
  #travel(from: string, to: string, isOver: () => boolean, arrived: () => void): void {
    const link = this.link(from, to)
    const attempt = (delayMs: number): void => {
      this.#scheduler.schedule(delayMs, null, 'handshake', () => {
        if (isOver()) return
        if (link.isBlocked || this.#hosts.get(to)?.isPowered !== true) attempt(SYN_AGAIN_MS)
        else arrived()
      })
    }
    attempt(link.delayMs(this.#scheduler.nowMs, 0))
  }

  #make(life: Life, from: string, listener: ListenerEntry, to: Address): OpenConnection {
    const local = { host: from, port: this.freePort() }
    const onGone = (): void => {
      if (near.isClosed && far.isClosed) this.#connections.delete(connection)
    }
    const shared = { scheduler: this.#scheduler, random: this.#random, chunkBytesMax: this.#settings.chunkBytesMax, onGone }
    const near = new Endpoint({ ...shared, life, local, remote: to })
    const far = new Endpoint({ ...shared, life: listener.life, local: to, remote: local })
    const there = this.#pipe(near, far)
    const back = this.#pipe(far, near)
    near.join(there, back)
    far.join(back, there)
    const connection: OpenConnection = { ends: [near, far], pipes: [there, back] }
    this.#connections.add(connection)
    return connection
  }

  #pipe(from: Endpoint, to: Endpoint): Pipe {
    const target = this.#hosts.get(to.local.host)
    return new Pipe(this.#scheduler, this.#random, this.link(from.local.host, to.local.host), this.#settings.windowBytes, {
      onArrived: (segment) => to.onArrived(segment),
      onRoom: () => from.onRoom(),
      canArrive: (goOn) => {
        if (target?.isPowered !== false) return true
        target.whenPowered(goOn)
        return false
      },
    })
  }

  /** At once, or when the process is no longer paused; never when it is gone. */
  #as(life: Life, kind: string, detail: number, run: () => void): void {
    if (!life.isAlive) return
    if (life.pausedUntilMs > this.#scheduler.nowMs) this.#scheduler.schedule(0, life, kind, run, detail)
    else this.#scheduler.enter(life, kind, detail, run)
  }
}
