/**
 * One connection to one broker: frames, correlation ids, the agreed versions, and the deadline of each request.
 *
 * Requests are pipelined; a broker answers them in their order. A request that is not answered in time ends the whole
 * connection, because nothing later on it could be answered either. The connection never reconnects: its owner opens
 * another one.
 */
import {
  type ApiDefinition,
  type Decoded,
  decodeResponse,
  type Encodable,
  encodeRequestFrame,
  type MessageDefinition,
} from '@millrace/protocol'
import { type Address, type Connection, NetworkError, type Runtime, type Timer } from '@millrace/runtime'
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { formatAddress } from './address.ts'
import { FrameReader } from './frame-reader.ts'
import { type ApiVersionRange, agreedVersion, negotiateVersions } from './version-negotiation.ts'

export interface BrokerConnectionOptions {
  readonly runtime: Runtime
  readonly address: Address
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly maxResponseBytes: number
}

export interface RequestOptions {
  /** Instead of the connection's own; a long poll adds what it asked the broker to wait. */
  readonly timeoutMs?: number
  /** Use no later version even if both sides know one. */
  readonly maxVersion?: number
}

interface PendingRequest {
  readonly deadlineMs: number
  readonly apiName: string
  settle(result: Uint8Array | ClientError): void
}

export class BrokerConnection {
  readonly address: string
  readonly #options: BrokerConnectionOptions
  readonly #connection: Connection
  readonly #pending = new Map<number, PendingRequest>()
  #versions: ReadonlyMap<number, ApiVersionRange> = new Map()
  #nextCorrelationId = 0
  #timer: Timer | null = null
  #timerDueMs = Number.POSITIVE_INFINITY
  #failure: ClientError | null = null
  #throttledUntilMs = 0
  #onClosed: () => void = () => {}

  /** Connects and agrees on versions. Rejects with a `ClientError`. */
  static async open(options: BrokerConnectionOptions): Promise<BrokerConnection> {
    const { runtime, address, connectTimeoutMs } = options
    let connection: Connection
    try {
      connection = await runtime.network.connect({ host: address.host, port: address.port, timeoutMs: connectTimeoutMs })
    } catch (error) {
      const text = formatAddress(address)
      const message = error instanceof NetworkError ? error.message : `cannot connect to ${text}: ${String(error)}`
      throw new ClientError(CLIENT_ERROR_CODES.unreachable, message, { cause: error, address: text })
    }
    const opened = new BrokerConnection(options, connection)
    try {
      opened.#versions = await negotiateVersions((request) => opened.#exchange(request, connectTimeoutMs), options.clientId)
    } catch (error) {
      opened.close()
      throw error
    }
    return opened
  }

  private constructor(options: BrokerConnectionOptions, connection: Connection) {
    this.#options = options
    this.#connection = connection
    this.address = formatAddress(options.address)
    const frames = new FrameReader(options.maxResponseBytes, (frame) => this.#onFrame(frame))
    connection.setHandlers({
      onData: (chunk) => {
        if (!frames.push(chunk)) this.#fail(this.#malformed('a response of an impossible size'))
      },
      onClose: (error) => this.#onConnectionClosed(error),
    })
    connection.resume()
  }

  get isOpen(): boolean {
    return this.#failure === null
  }

  get pendingRequests(): number {
    return this.#pending.size
  }

  /** Until when (on the monotonic clock) the broker asked not to be sent more. */
  get throttledUntilMs(): number {
    return this.#throttledUntilMs
  }

  /** Calls `listener` once, when the connection ended for whatever reason. */
  set onClosed(listener: () => void) {
    this.#onClosed = listener
    if (!this.isOpen) listener()
  }

  /** The version that `api` would be sent in. Throws `ERR_CLIENT_UNSUPPORTED` when there is none in common. */
  versionOf(api: ApiDefinition, maxVersion?: number): number {
    const version = agreedVersion(api, this.#versions.get(api.key), maxVersion)
    if (version !== null) return version
    const offered = this.#versions.get(api.key)
    const detail = offered === undefined ? 'it does not offer it' : `it offers versions ${offered.min} to ${offered.max}`
    throw new ClientError(CLIENT_ERROR_CODES.unsupported, `${this.address} has no common version of ${api.name}: ${detail}`, {
      address: this.address,
    })
  }

  supports(api: ApiDefinition): boolean {
    return agreedVersion(api, this.#versions.get(api.key)) !== null
  }

  /** Sends one request and resolves with the body of its answer. Rejects with a `ClientError`. */
  async request<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    body: Encodable<Req>,
    options: RequestOptions = {},
  ): Promise<Decoded<Res>> {
    const version = this.versionOf(api, options.maxVersion)
    const encode = (correlationId: number): readonly Uint8Array[] =>
      encodeRequestFrame(api, version, correlationId, this.#options.clientId, body)
    const frame = await this.#exchange({ apiName: api.name, encode }, options.timeoutMs ?? this.#options.requestTimeoutMs)
    const response = this.#decode(api, version, frame)
    const { throttleTimeMs } = response as { readonly throttleTimeMs?: number }
    if (throttleTimeMs !== undefined && throttleTimeMs > 0) {
      this.#throttledUntilMs = Math.max(this.#throttledUntilMs, this.#options.runtime.clock.monotonic() + throttleTimeMs)
    }
    return response
  }

  /** Sends a request that the protocol gives no answer to (Produce with acks=0). Resolves when the bytes have left. */
  sendOnly<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    body: Encodable<Req>,
    options: RequestOptions = {},
  ): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const version = this.versionOf(api, options.maxVersion)
    const chunks = encodeRequestFrame(api, version, this.#nextCorrelationId++, this.#options.clientId, body)
    return new Promise((resolve, reject) => {
      this.#connection.write(chunks, () => {
        if (this.#failure === null) resolve()
        else reject(this.#failure)
      })
    })
  }

  /** Closes now; requests without an answer fail. Idempotent. */
  close(): void {
    this.#fail(new ClientError(CLIENT_ERROR_CODES.closed, `the connection to ${this.address} was closed`, { address: this.address }))
  }

  #exchange(request: Exchange, timeoutMs: number): Promise<Uint8Array> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const correlationId = this.#nextCorrelationId
    this.#nextCorrelationId = (correlationId + 1) & 0x7fffffff
    const chunks = request.encode(correlationId)
    const deadlineMs = this.#options.runtime.clock.monotonic() + timeoutMs
    return new Promise((resolve, reject) => {
      const settle = (result: Uint8Array | ClientError): void => (result instanceof ClientError ? reject(result) : resolve(result))
      this.#pending.set(correlationId, { deadlineMs, apiName: request.apiName, settle })
      this.#armTimer(deadlineMs)
      this.#connection.write(chunks)
    })
  }

  #decode<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    frame: Uint8Array,
  ): Decoded<Res> {
    try {
      return decodeResponse(api, version, frame).body
    } catch (error) {
      const failure = this.#malformed(`a ${api.name} response that cannot be decoded`, error)
      this.#fail(failure)
      throw failure
    }
  }

  #onFrame(frame: Uint8Array): void {
    if (frame.length < 4) {
      this.#fail(this.#malformed('a response without a header'))
      return
    }
    const correlationId = new DataView(frame.buffer, frame.byteOffset).getInt32(0)
    const pending = this.#pending.get(correlationId)
    if (pending === undefined) {
      this.#fail(this.#malformed(`a response to request ${correlationId}, which is not waiting for one`))
      return
    }
    this.#pending.delete(correlationId)
    pending.settle(frame)
  }

  #onConnectionClosed(error: NetworkError | null): void {
    const reason = error === null ? 'the broker closed it' : error.message
    const message = `the connection to ${this.address} ended: ${reason}`
    this.#fail(new ClientError(CLIENT_ERROR_CODES.disconnected, message, { cause: error ?? undefined, address: this.address }))
  }

  #malformed(what: string, cause?: unknown): ClientError {
    return new ClientError(CLIENT_ERROR_CODES.malformedResponse, `${this.address} sent ${what}`, { cause, address: this.address })
  }

  /** The first failure is the one that everybody waiting learns of; the later ones follow from it. */
  #fail(failure: ClientError): void {
    if (this.#failure !== null) return
    this.#failure = failure
    this.#timer?.cancel()
    this.#connection.destroy()
    const waiting = [...this.#pending.values()]
    this.#pending.clear()
    for (const pending of waiting) pending.settle(failure)
    this.#onClosed()
  }

  /** One timer for all: it is due no later than the earliest deadline. */
  #armTimer(deadlineMs: number): void {
    if (deadlineMs >= this.#timerDueMs) return
    this.#timer?.cancel()
    this.#timerDueMs = deadlineMs
    const { clock } = this.#options.runtime
    this.#timer = clock.setTimer(Math.max(0, deadlineMs - clock.monotonic()), () => this.#onTimer())
  }

  #onTimer(): void {
    this.#timer = null
    this.#timerDueMs = Number.POSITIVE_INFINITY
    const now = this.#options.runtime.clock.monotonic()
    let next = Number.POSITIVE_INFINITY
    for (const pending of this.#pending.values()) {
      if (pending.deadlineMs <= now) {
        const message = `${this.address} did not answer ${pending.apiName} in time`
        this.#fail(new ClientError(CLIENT_ERROR_CODES.timedOut, message, { address: this.address }))
        return
      }
      next = Math.min(next, pending.deadlineMs)
    }
    if (next < Number.POSITIVE_INFINITY) this.#armTimer(next)
  }
}

/** A request as the wire sees it: bytes that carry a correlation id. */
export interface Exchange {
  readonly apiName: string
  encode(correlationId: number): readonly Uint8Array[]
}
