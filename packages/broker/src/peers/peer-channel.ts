/**
 * Requests to one other broker, over one connection that is opened when somebody asks for something. Requests are not kept for later:
 * while the broker cannot be reached, who asks is told so at once, and knows best whether to ask again.
 *
 * What an answer says is there to be kept, except for record batches and other bytes, which are views of a buffer that is reused.
 */
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import { type Address, backoffMs, type Clock, type Logger, type Network, type Random } from '@millrace/runtime'
import type { RequestMemory } from '../network/request-memory.ts'
import { PeerConnection } from '../replication/peer-connection.ts'

export interface PeerServices {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly logger: Logger
  /** For answers that come in several pieces; all channels share it. */
  readonly memory: RequestMemory
  readonly maxFrameBytes: number
  readonly clientId: string
  /** After which a broker that does not answer counts as gone, with the connection. */
  readonly timeoutMs: number
}

/** There is no answer, and nobody knows what became of the request if it was sent. The reason is for people. */
export interface Unreachable {
  readonly type: 'unreachable'
  readonly reason: string
}

export type PeerAnswer<Body> = { readonly type: 'answered'; readonly body: Body } | Unreachable

interface Call {
  send(connection: PeerConnection): void
  fail(reason: string): void
}

const CONNECT_TIMEOUT_MS = 5_000
const BACKOFF = { baseMs: 20, maxMs: 1_000 }
/** Of requests that are not answered yet. */
const CALLS_MAX = 1_000

export class PeerChannel {
  readonly address: Address
  readonly #services: PeerServices
  /** Sent, or to be sent once there is a connection; in the order in which they came. */
  readonly #calls = new Set<Call>()
  #connection: PeerConnection | null = null
  #isConnecting = false
  #isClosed = false
  /** In a row, of attempts to connect. */
  #failures = 0
  #notBeforeMs = 0
  #lastReason = ''

  constructor(address: Address, services: PeerServices) {
    this.address = address
    this.#services = services
  }

  call<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
  ): Promise<PeerAnswer<Decoded<Res>>> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.resolve({ type: 'unreachable', reason: refusal })
    return new Promise((resolve) => {
      const call: Call = {
        send: (connection) =>
          connection.send(api, version, request, (body) => {
            this.#calls.delete(call)
            resolve({ type: 'answered', body })
          }),
        fail: (reason) => resolve({ type: 'unreachable', reason }),
      }
      this.#calls.add(call)
      if (this.#connection === null) this.#connect()
      else call.send(this.#connection)
    })
  }

  close(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#lastReason = reason
    const connection = this.#connection
    this.#connection = null
    connection?.close(reason)
    this.#failAll(reason)
  }

  #refusal(): string | null {
    if (this.#isClosed) return this.#lastReason
    if (this.#calls.size >= CALLS_MAX) return `${CALLS_MAX} requests are not answered yet`
    return this.#services.clock.monotonic() < this.#notBeforeMs ? this.#lastReason : null
  }

  #connect(): void {
    if (this.#isConnecting) return
    this.#isConnecting = true
    const { network, clock, logger, memory, maxFrameBytes, clientId, timeoutMs } = this.#services
    network.connect({ ...this.address, timeoutMs: Math.min(CONNECT_TIMEOUT_MS, timeoutMs) }).then(
      (connection) => {
        this.#isConnecting = false
        if (this.#isClosed) return connection.destroy()
        this.#failures = 0
        const options = { connection, clock, logger, memory, maxFrameBytes, clientId, timeoutMs }
        const peer = new PeerConnection({ ...options, onClosed: (reason) => this.#onDisconnected(peer, reason) })
        this.#connection = peer
        for (const call of this.#calls) call.send(peer)
      },
      (error: unknown) => {
        this.#isConnecting = false
        this.#failures += 1
        this.#notBeforeMs = clock.monotonic() + backoffMs(BACKOFF, this.#failures, this.#services.random)
        this.#lastReason = error instanceof Error ? error.message : String(error)
        if (this.#failures === 1) logger.info('a broker cannot be reached', { ...this.address, reason: this.#lastReason })
        this.#failAll(this.#lastReason)
      },
    )
  }

  #onDisconnected(connection: PeerConnection, reason: string): void {
    if (this.#connection !== connection) return
    this.#connection = null
    this.#failAll(reason)
  }

  #failAll(reason: string): void {
    const calls = [...this.#calls]
    this.#calls.clear()
    for (const call of calls) call.fail(reason)
  }
}
