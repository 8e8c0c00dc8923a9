/**
 * One client's connection: request frames in, answers out in the same order.
 *
 * It owns the order and the bounds. Requests are served one after the other; a handler that has done its work but waits for
 * an outcome may let the next one start (`releaseOrder`). Answers queue, one a request, and leave from the front.
 * When too many requests wait, or too many bytes have not been taken by the peer, or the request memory is used up, the
 * socket is not read any more: that is the whole of the flow control, and it is the peer who waits.
 *
 * Frames are views into a buffer that is reused, so everything a frame leads to that needs its bytes happens before `onData`
 * returns. `endTurn` marks that moment for the rest of the broker: what was staged is written there.
 *
 * It never decides what a request means.
 */
import { decodeRequest, decodeRequestHeader, ProtocolError, type RequestHeader } from '@millrace/protocol'
import type { Address, Clock, Connection, Logger, NetworkError, Timer } from '@millrace/runtime'
import { LATER } from '../handlers/handler.ts'
import type { Handler, RequestContext } from '../handlers/handler.ts'
import type { BoundedWarnings } from './bounded-warnings.ts'
import { FrameAssembler, FrameSizeError } from './frame-assembler.ts'
import { FileRegion } from './file-region.ts'
import { type Chunk, RequestInFlight, type RequestOwner } from './request-in-flight.ts'
import type { RequestMemory } from './request-memory.ts'

/** Requests of one connection that may wait for their answers. */
const MAX_IN_FLIGHT = 256
/** Bytes of answers that the peer may leave lying before its next requests are read. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
/** How long a connection may wait for request memory. */
const MEMORY_WAIT_MS = 30_000
const API_VERSIONS_KEY = 18

export interface ConnectionServices {
  readonly clock: Clock
  readonly logger: Logger
  /** For what peers can bring about as often as they like. */
  readonly warnings: BoundedWarnings
  readonly requestMemory: RequestMemory
  readonly maxFrameBytes: number
  /** The handler for an API key, or undefined where it is not served. */
  handlerFor(apiKey: number): Handler | undefined
  /** The answer to an ApiVersions request of a version that we do not speak, as a frame. */
  unsupportedApiVersions(correlationId: number): Uint8Array[]
  /** The connection of that number is gone. */
  connectionClosed(connectionId: number): void
  /** Frames are about to be handled. */
  beginTurn(): void
  /** All frames of this turn have been handled and their bytes are about to go. */
  endTurn(): void
}

export class ClientConnection implements RequestOwner {
  /** Tells it from all others of this process. */
  readonly id: number
  readonly #connection: Connection
  readonly #services: ConnectionServices
  readonly #assembler: FrameAssembler
  readonly #onClosed: (connection: ClientConnection) => void

  /** Those whose answers have not left, in the order in which they came. */
  readonly #requests: RequestInFlight[] = []
  /** Request that has to finish (or release the order) before the next starts. */
  #turnHolder: RequestInFlight | null = null
  /** Bytes that were read and could not be handled yet. Null when none. */
  #pending: Uint8Array | null = null
  #waitsForMemory = false
  #memoryTimer: Timer | null = null
  #isReading = false
  #isClosed = false
  #isHandling = false
  /** No more requests are taken; the connection ends when the last answer has left. */
  #isDraining = false
  /** Monotonic time of the last byte in or answer out, for the idle limit. */
  lastActiveMs: number

  constructor(connection: Connection, id: number, services: ConnectionServices, onClosed: (connection: ClientConnection) => void) {
    this.id = id
    this.#connection = connection
    this.#services = services
    this.#onClosed = onClosed
    this.#assembler = new FrameAssembler(services.requestMemory, services.maxFrameBytes)
    this.lastActiveMs = services.clock.monotonic()
    connection.setHandlers({
      onData: (chunk) => this.#onData(chunk),
      // What waits goes to the assembler first, and moves the place.
      readInto: () => (this.#pending === null ? this.#assembler.readInto() : null),
      onDrain: () => this.#goOn(),
      onClose: (error) => this.#onClose(error),
    })
    this.#setReading(true)
  }

  /** Nothing is under way here: no request waits for its answer and no frame is half read. */
  get isIdle(): boolean {
    return this.#requests.length === 0
  }

  get isMidFrame(): boolean {
    return this.#assembler.isMidFrame
  }

  get remote(): Address {
    return this.#connection.remote
  }

  get local(): Address {
    return this.#connection.local
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** It is about to end, as soon as the peer has taken what is left. */
  get isDraining(): boolean {
    return this.#isDraining
  }

  get peer(): string {
    return `${this.#connection.remote.host}:${this.#connection.remote.port}`
  }

  /** Closes with one line in the log. */
  close(reason: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#isClosed) return
    this.#services.warnings.warn('connection closed', { peer: this.peer, reason, ...fields })
    this.#connection.destroy()
  }

  /** Takes no more requests, answers those it has, and closes. Fetches that wait are answered with what there is. */
  shutDown(): void {
    if (this.#isClosed || this.#isDraining) return
    this.#isDraining = true
    this.#setReading(false)
    for (const request of Array.from(this.#requests)) request.draining()
    if (this.#requests.length === 0) this.#connection.end()
  }

  #onData(chunk: Uint8Array): void {
    this.lastActiveMs = this.#services.clock.monotonic()
    if (this.#pending !== null) {
      this.#pending = concatenate(this.#pending, chunk)
      return
    }
    this.#handle(chunk, false)
  }

  /** Handles what can be handled of `bytes`; what is left over stays in `#pending` while the socket is not read. */
  #handle(bytes: Uint8Array, isOwned: boolean): void {
    this.#isHandling = true
    try {
      this.#services.beginTurn()
      const outcome = this.#assembler.push(bytes, this)
      this.#services.endTurn()
      const rest = bytes.subarray(this.#assembler.consumedBytes)
      this.#pending = rest.length === 0 ? null : isOwned ? rest : rest.slice()
      if (outcome === 'no-memory') this.#waitForMemory()
    } catch (error) {
      this.#services.endTurn()
      this.failed(error)
    } finally {
      this.#isHandling = false
      if (this.#isClosed) this.#assembler.close()
      else this.#assembler.releaseFrames()
    }
    if (this.#isClosed) return
    this.#sendReady()
    this.#goOn()
  }

  /**
   * Reads on, or stops reading, as the bounds say. A request that only has to wait for the one before it may arrive meanwhile: most
   * clients send none until they are answered, and their connections need not be stopped and started for each answer.
   *
   * Bytes that are left over wait for a turn of their own: this may run deep inside the turn of another connection, whose appends
   * are not written yet.
   */
  #goOn(): void {
    if (this.#isClosed || this.#isHandling) return
    const isFull = this.#waitsForMemory || this.#isFull()
    this.#setReading(!isFull && this.#pending === null)
    if (!isFull && this.#turnHolder === null && this.#pending !== null) this.#services.clock.defer(() => this.#continue())
  }

  /** Goes on after whatever stood in the way is gone. */
  #continue(): void {
    if (this.#isClosed || this.#isHandling || this.#waitsForMemory || this.isBlocked()) return
    const pending = this.#pending
    if (pending !== null) {
      this.#pending = null
      this.#handle(pending, true)
    } else {
      this.#goOn()
    }
  }

  /** For the assembler: no further frame may be handled now. */
  isBlocked(): boolean {
    return this.#turnHolder !== null || this.#isFull()
  }

  #isFull(): boolean {
    return (
      this.#isClosed || this.#isDraining || this.#requests.length >= MAX_IN_FLIGHT || this.#connection.bufferedBytes >= MAX_UNSENT_BYTES
    )
  }

  /** For the assembler: one whole frame. */
  onFrame(frame: Uint8Array): void {
    if (frame.length < 8) throw new ProtocolError('ERR_PROTOCOL_MALFORMED', `request frame of ${frame.length} bytes has no header`)
    const apiKey = (((frame[0] as number) << 24) >> 16) | (frame[1] as number)
    const apiVersion = (((frame[2] as number) << 24) >> 16) | (frame[3] as number)
    const handler = this.#services.handlerFor(apiKey)
    if (handler === undefined) return this.close('unknown API key', { apiKey, apiVersion })
    if (apiVersion < handler.minServedVersion || apiVersion > handler.maxVersion) {
      if (apiKey !== API_VERSIONS_KEY) return this.close('unsupported API version', { api: handler.api.name, apiVersion })
      const correlationId = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getInt32(4)
      const request = new RequestInFlight(this, handler, { apiKey, apiVersion, correlationId, clientId: null, bodyOffset: frame.length })
      this.#requests.push(request)
      return request.answerWith(this.#services.unsupportedApiVersions(correlationId))
    }
    const header = decodeRequestHeader(frame)
    this.#serve(handler, header, decodeRequest(handler.api, header, frame))
  }

  /** For a request: its answer may leave when all before it have. */
  answered(request: RequestInFlight): void {
    if (this.#isClosed) return releaseRegions(request.chunks ?? [])
    if (this.#turnHolder === request) this.#turnHolder = null
    if (this.#isHandling) return
    this.#sendReady()
    this.#goOn()
  }

  releaseOrder(request: RequestInFlight): void {
    if (this.#turnHolder !== request) return
    this.#turnHolder = null
    this.#goOn()
  }

  /** For a request, and for bytes that are none. */
  failed(error: unknown, handler?: Handler): void {
    const api = handler?.api.name
    if (error instanceof ProtocolError || error instanceof FrameSizeError) return this.close(error.message, { api })
    this.#services.logger.error('request failed', { peer: this.peer, api, error })
    this.close('internal error')
  }

  #serve(handler: Handler, header: RequestHeader, body: object): void {
    const request = new RequestInFlight(this, handler, header)
    this.#requests.push(request)
    this.#turnHolder = request
    const answer = handler.handle(body as never, request as RequestContext<never>)
    if (answer === LATER) return
    if (answer instanceof Promise) {
      answer.then(
        (later) => {
          if (later !== LATER) request.respond(later)
        },
        (error: unknown) => this.failed(error, handler),
      )
      return
    }
    request.respond(answer)
  }

  /** Sends the answers at the front of the queue that are ready, as few writes as may be. */
  #sendReady(): void {
    if (this.#isClosed) return
    let bytes: Uint8Array[] = []
    for (let chunks = this.#firstAnswer(); chunks !== null; chunks = this.#firstAnswer()) {
      this.#requests.shift()
      for (const chunk of chunks) {
        if (chunk instanceof Uint8Array) {
          bytes.push(chunk)
          continue
        }
        if (bytes.length > 0) this.#connection.write(bytes)
        bytes = []
        const region = chunk as FileRegion
        this.#connection.writeFile(region.file, region.position, region.sizeBytes, () => region.release())
      }
    }
    if (bytes.length > 0) this.#connection.write(bytes)
    this.lastActiveMs = this.#services.clock.monotonic()
    if (this.#isDraining && this.#requests.length === 0) this.#connection.end()
  }

  #firstAnswer(): readonly Chunk[] | null {
    return this.#requests[0]?.chunks ?? null
  }

  #setReading(wanted: boolean): void {
    if (wanted === this.#isReading || this.#isClosed) return
    this.#isReading = wanted
    if (wanted) this.#connection.resume()
    else this.#connection.pause()
  }

  #waitForMemory(): void {
    this.#waitsForMemory = true
    this.#services.requestMemory.whenAvailable(this.#onMemory)
    this.#memoryTimer = this.#services.clock.setTimer(MEMORY_WAIT_MS, () => this.close('request memory stayed used up'))
  }

  readonly #onMemory = (): void => {
    this.#waitsForMemory = false
    this.#memoryTimer?.cancel()
    this.#goOn()
  }

  #onClose(error: NetworkError | null): void {
    this.#isClosed = true
    this.#pending = null
    this.#memoryTimer?.cancel()
    this.#services.requestMemory.forget(this.#onMemory)
    if (!this.#isHandling) this.#assembler.close()
    for (const request of this.#requests) {
      request.disconnected()
      if (request.chunks !== null) releaseRegions(request.chunks)
    }
    this.#requests.length = 0
    if (error !== null) this.#services.logger.debug('connection lost', { peer: this.peer, error: error.message })
    this.#services.connectionClosed(this.id)
    this.#onClosed(this)
  }
}

function releaseRegions(chunks: readonly Chunk[]): void {
  for (const chunk of chunks) if (chunk instanceof FileRegion) chunk.release()
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
