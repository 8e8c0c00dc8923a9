/**
 * The broker's listening port and the connections behind it: accepts up to `max.connections`, closes what was idle for
 * `connections.max.idle.ms`, and at the end lets answers that are ready leave before it closes.
 */
import type { Address, Connection, Listener, Network, Timer } from '@millrace/runtime'
import { ClientConnection } from './client-connection.ts'
import type { ConnectionServices } from './client-connection.ts'

/** A frame that stopped arriving holds request memory, so it gets less patience than an idle connection. */
const MID_FRAME_IDLE_MS = 60_000
const SWEEP_MS = 10_000

export interface AcceptorOptions {
  readonly network: Network
  readonly host: string
  readonly port: number
  readonly services: ConnectionServices
  readonly maxConnections: () => number
  readonly maxIdleMs: () => number
}

export class Acceptor {
  readonly #options: AcceptorOptions
  readonly #connections = new Set<ClientConnection>()
  #nextId = 1
  #listener: Listener | null = null
  /** Connections that came before the broker was ready. Null once it is. */
  #early: Connection[] | null = []
  #sweepTimer: Timer | null = null
  #isClosing = false
  #whenEmpty: (() => void) | null = null

  constructor(options: AcceptorOptions) {
    this.#options = options
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Resolves with the address that is listened on. Clients can connect; they are served from `open` on. */
  async listen(): Promise<Address> {
    const { network, host, port } = this.#options
    this.#listener = await network.listen({ host, port }, (connection) => {
      if (this.#isClosing) connection.destroy()
      else if (this.#early === null) this.#accept(connection)
      else this.#early.push(connection)
    })
    return this.#listener.address
  }

  open(): void {
    const early = this.#early ?? []
    this.#early = null
    for (const connection of early) this.#accept(connection)
    this.#scheduleSweep()
  }

  /** Stops accepting, ends every connection and waits until they are gone, `graceMs` at the most. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    this.#sweepTimer?.cancel()
    const closed = this.#listener?.close()
    for (const connection of this.#early ?? []) connection.destroy()
    this.#early = []
    for (const connection of this.#connections) connection.shutDown()
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.services.clock.setTimer(graceMs, () => {
          for (const connection of this.#connections) connection.close('broker is stopping')
          resolve()
        })
        this.#whenEmpty = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    await closed
    this.#options.services.warnings.close()
  }

  #accept(connection: Connection): void {
    if (this.#connections.size >= this.#options.maxConnections()) {
      this.#options.services.warnings.warn('connection refused', {
        peer: `${connection.remote.host}:${connection.remote.port}`,
        reason: 'max.connections is reached',
      })
      connection.destroy()
      return
    }
    const client = new ClientConnection(connection, this.#nextId++, this.#options.services, (closed) => {
      this.#connections.delete(closed)
      if (this.#connections.size === 0) this.#whenEmpty?.()
    })
    this.#connections.add(client)
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#options.services.clock.setTimer(SWEEP_MS, () => {
      this.#sweep()
      this.#scheduleSweep()
    })
  }

  #sweep(): void {
    const now = this.#options.services.clock.monotonic()
    const maxIdleMs = this.#options.maxIdleMs()
    for (const connection of this.#connections) {
      const idleMs = now - connection.lastActiveMs
      if (connection.isMidFrame && idleMs > MID_FRAME_IDLE_MS) connection.close('request frame stopped arriving', { idleMs })
      else if (connection.isIdle && idleMs > maxIdleMs) {
        if (connection.isDraining) connection.close('answers are not taken', { idleMs })
        else connection.shutDown()
      }
    }
  }
}
