/**
 * One request on its way through a handler, seen from the client's end: whether it was answered, when, and with what. It plays
 * the part of the connection: the request's bytes are gone when its turn ends, records that lie in files are read and let go.
 */
import { decodeMessage, encodeToChunks } from '@millrace/protocol'
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import { LATER } from '../handlers/handler.ts'
import type { Handler, RequestContext } from '../handlers/handler.ts'
import { FileRegion } from '../network/file-region.ts'

export type ExchangeState = 'open' | 'answered' | 'unanswered' | 'closed'

export class Exchange<Res extends MessageDefinition> {
  readonly #api: ApiDefinition<MessageDefinition, Res>
  readonly #version: number
  readonly #ended = Promise.withResolvers<void>()
  #state: ExchangeState = 'open'
  #isDisconnected = false
  #isOrderReleased = false
  #body: Decoded<Res> | null = null
  #closeReason = ''
  #onDisconnect: (() => void) | null = null
  #onDrain: (() => void) | null = null
  /** Ranges of files that the answer carried. */
  regions = 0

  constructor(api: ApiDefinition<MessageDefinition, Res>, version: number) {
    this.#api = api
    this.#version = version
  }

  /** `unanswered` is a request that gets no answer, `closed` one that cost the client its connection. */
  get state(): ExchangeState {
    return this.#state
  }

  /** The connection's next request may start. */
  get isOrderReleased(): boolean {
    return this.#isOrderReleased
  }

  get closeReason(): string {
    return this.#closeReason
  }

  /** Waits for the answer. Rejects where there is none. */
  async answer(): Promise<Decoded<Res>> {
    await this.#ended.promise
    if (this.#body === null) throw new Error(`there is no answer: ${this.#state} ${this.#closeReason}`)
    return this.#body
  }

  /** Waits until the request has come to any end. */
  ended(): Promise<void> {
    return this.#ended.promise
  }

  /** The client goes away. */
  disconnect(): void {
    this.#isDisconnected = true
    this.#onDisconnect?.()
  }

  /** The broker is about to stop. */
  drain(): void {
    this.#onDrain?.()
  }

  /** Gives the request to the handler. */
  start(handler: Handler, request: object): void {
    try {
      const answer = handler.handle(request as never, this.#context() as RequestContext<never>)
      if (answer instanceof Promise) answer.then((body) => this.#answered(body), this.#fail)
      else this.#answered(answer)
    } catch (error) {
      this.#fail(error)
    }
  }

  #context(): RequestContext<Encodable<Res>> {
    return {
      apiVersion: this.#version,
      clientId: 'test',
      connectionId: 1,
      remote: { host: 'client.test', port: 50_000 },
      local: { host: 'broker.test', port: 9092 },
      respond: (body) => this.#respond(body),
      respondNothing: () => this.#end('unanswered'),
      close: (reason) => {
        this.#closeReason = reason
        this.#end('closed')
      },
      releaseOrder: () => {
        this.#isOrderReleased = true
      },
      onDisconnect: (callback) => {
        if (this.#isDisconnected) callback()
        else this.#onDisconnect = callback
      },
      onDrain: (callback) => {
        this.#onDrain = callback
      },
    }
  }

  #answered(body: object | typeof LATER): void {
    if (body !== LATER) this.#respond(body as Encodable<Res>)
  }

  #respond(body: Encodable<Res>): void {
    const parts = encodeToChunks(this.#api.response, this.#version, body).map((chunk) => {
      if (!(chunk instanceof FileRegion)) return chunk as Uint8Array
      const bytes = new Uint8Array(chunk.sizeBytes)
      chunk.file.readSync(bytes, chunk.position)
      chunk.release()
      this.regions += 1
      return bytes
    })
    if (!this.#isDisconnected) this.#body = decodeMessage(this.#api.response, this.#version, new Uint8Array(Buffer.concat(parts)))
    this.#end('answered')
  }

  readonly #fail = (error: unknown): void => {
    this.#closeReason = String(error)
    this.#end('closed')
  }

  #end(state: ExchangeState): void {
    // A closed connection swallows answers.
    if (this.#state === 'closed') return
    if (this.#state !== 'open') throw new Error(`${this.#api.name} is ${state} after it was ${this.#state}`)
    this.#state = state
    this.#isOrderReleased = true
    this.#onDisconnect = null
    this.#onDrain = null
    this.#ended.resolve()
  }
}
