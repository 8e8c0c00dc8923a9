/**
 * One request of a connection under way: what its handler knows of it and may do with it, and the place of its answer in the order of
 * the connection.
 */
import { encodeResponseFrame, type ExternalRecords, type RequestHeader } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import type { Handler, RequestContext } from '../handlers/handler.ts'

export type Chunk = Uint8Array | ExternalRecords

/** The connection that a request came from. */
export interface RequestOwner {
  readonly id: number
  readonly remote: Address
  readonly local: Address
  readonly isClosed: boolean
  readonly isDraining: boolean
  /** `request.chunks` are there. */
  answered(request: RequestInFlight): void
  /** The next request may start. */
  releaseOrder(request: RequestInFlight): void
  /** There will be no answer, for a reason that is our own. */
  failed(error: unknown, handler: Handler): void
  close(reason: string, fields: Readonly<Record<string, unknown>>): void
}

export class RequestInFlight implements RequestContext<object> {
  readonly #owner: RequestOwner
  readonly #handler: Handler
  readonly #header: RequestHeader
  #chunks: readonly Chunk[] | null = null
  #onDisconnect: (() => void) | null = null
  #onDrain: (() => void) | null = null

  constructor(owner: RequestOwner, handler: Handler, header: RequestHeader) {
    this.#owner = owner
    this.#handler = handler
    this.#header = header
  }

  get apiVersion(): number {
    return this.#header.apiVersion
  }

  get clientId(): string | null {
    return this.#header.clientId
  }

  get connectionId(): number {
    return this.#owner.id
  }

  get remote(): Address {
    return this.#owner.remote
  }

  get local(): Address {
    return this.#owner.local
  }

  /** Null until answered; empty for a request that gets no answer. */
  get chunks(): readonly Chunk[] | null {
    return this.#chunks
  }

  respond(body: object): void {
    const { apiVersion, correlationId } = this.#header
    let chunks: readonly Chunk[]
    try {
      chunks = encodeResponseFrame(this.#handler.api, apiVersion, correlationId, body)
    } catch (error) {
      // Whoever answers may do so from a timer, or for somebody else: what one client asked costs that client its connection alone.
      return this.#owner.failed(error, this.#handler)
    }
    this.answerWith(chunks)
  }

  respondNothing(): void {
    this.answerWith([])
  }

  /** As `respond`, with what was encoded already. */
  answerWith(chunks: readonly Chunk[]): void {
    if (this.#chunks !== null) throw new Error(`${this.#handler.api.name} was answered twice`)
    this.#chunks = chunks
    this.#onDisconnect = null
    this.#onDrain = null
    this.#owner.answered(this)
  }

  close(reason: string): void {
    this.#owner.close(reason, { api: this.#handler.api.name })
  }

  releaseOrder(): void {
    this.#owner.releaseOrder(this)
  }

  onDisconnect(callback: () => void): void {
    if (this.#owner.isClosed) callback()
    else this.#onDisconnect = callback
  }

  onDrain(callback: () => void): void {
    if (this.#owner.isDraining) callback()
    else this.#onDrain = callback
  }

  /** For the connection: it is gone. */
  disconnected(): void {
    this.#onDisconnect?.()
  }

  /** For the connection: it takes no more requests. */
  draining(): void {
    this.#onDrain?.()
  }
}
