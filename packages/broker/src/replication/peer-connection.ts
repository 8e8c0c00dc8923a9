/**
 * A connection to another broker that requests are sent on: answers come back in the order of the requests, each handed to
 * whoever asked while its bytes are there. They are views, valid until `onAnswer` returns.
 *
 * Answers that come in several pieces are put together in memory that all such connections share; while there is none the
 * socket is not read. Whatever goes wrong ends the connection, and everybody who waits is told by `onClosed` alone.
 */
import { decodeResponse, encodeRequestFrame, ProtocolError } from '@millrace/protocol'
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import type { Clock, Connection, Logger, Timer } from '@millrace/runtime'
import { FrameAssembler, FrameSizeError } from '../network/frame-assembler.ts'
import type { RequestMemory } from '../network/request-memory.ts'

const CORRELATION_ID_BYTES = 4

export interface PeerConnectionOptions {
  readonly connection: Connection
  readonly clock: Clock
  readonly logger: Logger
  readonly memory: RequestMemory
  readonly maxFrameBytes: number
  /** How long an answer may take. */
  readonly timeoutMs: number
  readonly clientId: string
  /** Called once. The reason is for people. */
  onClosed(reason: string): void
}

interface Awaited {
  readonly correlationId: number
  readonly sentMs: number
  onFrame(frame: Uint8Array): void
}

export class PeerConnection {
  readonly #options: PeerConnectionOptions
  readonly #assembler: FrameAssembler
  readonly #awaited: Awaited[] = []
  #correlationId = 0
  /** Bytes that came while there was no memory for their frame. */
  #pending: Uint8Array | null = null
  #isClosed = false
  #isPushing = false
  #timer: Timer | null = null

  constructor(options: PeerConnectionOptions) {
    const { connection, memory, maxFrameBytes } = options
    this.#options = options
    this.#assembler = new FrameAssembler(memory, maxFrameBytes)
    connection.setHandlers({
      onData: (chunk) => this.#onData(chunk),
      // What waits goes to the assembler first, and moves the place.
      readInto: () => (this.#pending === null ? this.#assembler.readInto() : null),
      onClose: (error) => this.#onClose(error === null ? 'the peer closed the connection' : error.message),
    })
    connection.resume()
  }

  /** Requests that are not answered yet. */
  get awaitedCount(): number {
    return this.#awaited.length
  }

  send<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
    onAnswer: (answer: Decoded<Res>) => void,
  ): void {
    const { connection, clock, clientId } = this.#options
    this.#correlationId = (this.#correlationId + 1) & 0x7fff_ffff
    this.#awaited.push({
      correlationId: this.#correlationId,
      sentMs: clock.monotonic(),
      onFrame: (frame) => onAnswer(decodeResponse(api, version, frame).body),
    })
    connection.write(encodeRequestFrame(api, version, this.#correlationId, clientId, request))
    this.#watch()
  }

  close(reason: string): void {
    this.#onClose(reason)
    this.#options.connection.destroy()
  }

  /** For the assembler: one whole answer. */
  onFrame(frame: Uint8Array): void {
    const awaited = this.#awaited.shift()
    if (awaited === undefined) return this.close('an answer that nobody asked for')
    if (frame.length < CORRELATION_ID_BYTES) return this.close('an answer without a header')
    const correlationId = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getInt32(0)
    if (correlationId !== awaited.correlationId) return this.close('an answer out of turn')
    awaited.onFrame(frame)
    this.#watch()
  }

  /** For the assembler. */
  isBlocked(): boolean {
    return this.#isClosed
  }

  #onData(chunk: Uint8Array): void {
    if (this.#isClosed) return
    if (this.#pending === null) return this.#push(chunk)
    const both = new Uint8Array(this.#pending.length + chunk.length)
    both.set(this.#pending)
    both.set(chunk, this.#pending.length)
    this.#pending = both
  }

  #push(bytes: Uint8Array): void {
    this.#isPushing = true
    try {
      const outcome = this.#assembler.push(bytes, this)
      if (outcome === 'no-memory') {
        this.#pending = bytes.slice(this.#assembler.consumedBytes)
        this.#options.connection.pause()
        this.#options.memory.whenAvailable(this.#onMemory)
      }
    } catch (error) {
      // Bytes that are no answer: what follows them is none either.
      if (error instanceof ProtocolError || error instanceof FrameSizeError) this.close(error.message)
      else this.#fail(error)
    } finally {
      this.#isPushing = false
      if (this.#isClosed) this.#assembler.close()
      else this.#assembler.releaseFrames()
    }
  }

  #fail(error: unknown): void {
    const { logger, connection } = this.#options
    logger.error('an answer of another broker could not be handled', { peer: `${connection.remote.host}:${connection.remote.port}`, error })
    this.close('internal error')
  }

  readonly #onMemory = (): void => {
    const pending = this.#pending
    if (this.#isClosed || pending === null) return
    this.#pending = null
    this.#push(pending)
    if (this.#pending === null && !this.#isClosed) this.#options.connection.resume()
  }

  /** Keeps time for the oldest question. */
  #watch(): void {
    const [oldest] = this.#awaited
    if (this.#timer !== null || oldest === undefined || this.#isClosed) return
    const { clock, timeoutMs } = this.#options
    this.#timer = clock.setTimer(Math.max(0, oldest.sentMs + timeoutMs - clock.monotonic()), () => {
      this.#timer = null
      const first = this.#awaited[0]
      if (first !== undefined && clock.monotonic() >= first.sentMs + timeoutMs) this.close(`no answer for ${timeoutMs} ms`)
      else this.#watch()
    })
  }

  #onClose(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    this.#pending = null
    this.#options.memory.forget(this.#onMemory)
    this.#awaited.length = 0
    if (!this.#isPushing) this.#assembler.close()
    this.#options.onClosed(reason)
  }
}
