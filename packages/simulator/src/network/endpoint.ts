/**
 * One end of a simulated connection, as a process sees it: the connection port, with the habits of a socket.
 *
 * A chunk is handed out as a view into a buffer that is overwritten as soon as the handler returns, so whoever keeps a view reads
 * garbage. Bytes leave at the end of the turn and no faster than the far end takes them. When the process dies its end does what
 * the operating system does for a process that is gone.
 */
import {
  type Address,
  type Connection,
  type ConnectionHandlers,
  type DiskFile,
  NETWORK_ERROR_CODES,
  NetworkError,
  type NetworkErrorCode,
} from '@millrace/runtime'
import { CrashedError, type Life } from '../core/life.ts'
import type { RandomStream } from '../core/random-streams.ts'
import type { Scheduler, ScheduledEvent } from '../core/scheduler.ts'
import { SimulatedOutbox } from './outbox.ts'
import type { Pipe, Segment } from './pipe.ts'

/** How long a peer may take to close its side after we closed ours. */
const LINGER_MS = 1_000
const POISON = 0xdb

export interface EndpointOptions {
  readonly scheduler: Scheduler
  readonly random: RandomStream
  readonly life: Life
  readonly local: Address
  readonly remote: Address
  /** Bytes leave, and are read, in pieces of at most this. */
  readonly chunkBytesMax: number
  /** Called when nothing can come in or go out any more. */
  readonly onGone: (endpoint: Endpoint) => void
}

export class Endpoint implements Connection {
  readonly local: Address
  readonly remote: Address
  readonly life: Life
  readonly #options: EndpointOptions
  readonly #scheduler: Scheduler
  readonly #outbox = new SimulatedOutbox()
  /** Towards the peer. Set when the connection is made. */
  #out: Pipe | null = null
  #in: Pipe | null = null
  #handlers: ConnectionHandlers | null = null
  #arrived: Uint8Array[] = []
  #hasRemoteEnded = false
  #isReading = false
  #isEnding = false
  #isFinSent = false
  #isClosed = false
  #wasReset = false
  #closeError: NetworkError | null = null
  #isCloseReported = false
  #flush: ScheduledEvent | null = null
  #read: ScheduledEvent | null = null

  constructor(options: EndpointOptions) {
    this.#options = options
    this.#scheduler = options.scheduler
    this.life = options.life
    this.local = options.local
    this.remote = options.remote
  }

  join(out: Pipe, into: Pipe): void {
    this.#out = out
    this.#in = into
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#assertAlive()
    this.#handlers = handlers
    if (this.#isClosed) this.#soon('closed', () => this.#reportClose([]))
  }

  pause(): void {
    this.#isReading = false
  }

  resume(): void {
    this.#assertAlive()
    this.#isReading = true
    this.#readSoon()
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): void {
    this.#assertAlive()
    if (this.#isClosed || this.#isEnding) return this.#neverSent(onSent)
    this.#outbox.addChunks(chunks, onSent)
    this.#flushSoon()
  }

  writeFile(file: DiskFile, position: number, length: number, onSent?: () => void): void {
    this.#assertAlive()
    if (this.#isClosed || this.#isEnding) return this.#neverSent(onSent)
    this.#outbox.addRange(file, position, length, onSent)
    this.#flushSoon()
  }

  end(): void {
    this.#assertAlive()
    if (this.#isEnding || this.#isClosed) return
    this.#isEnding = true
    this.#dropArrived()
    this.#flushSoon()
    this.#readSoon()
  }

  destroy(): void {
    this.#assertAlive()
    this.#close(null)
  }

  /** What the operating system does when the process is gone: the peer learns of it, and nobody here. */
  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#outbox.clear()
    this.#sayGoodbye()
    this.#options.onGone(this)
  }

  /** The connection is no more, at the far end or on the way. */
  reset(): void {
    this.#wasReset = true
    this.#close(networkError(NETWORK_ERROR_CODES.failed, `the connection to ${this.remote.host}:${this.remote.port} was reset`))
  }

  /** Room in the window. */
  onRoom(): void {
    if (!this.#isClosed && !this.#outbox.isEmpty) this.#flushSoon()
  }

  /** A segment has arrived at this host. */
  onArrived(segment: Segment): void {
    if (segment === 'rst') return this.reset()
    if (this.#isClosed || !this.life.isAlive) {
      // Nobody is here to take it.
      if (segment !== 'fin') this.#out?.send('rst')
      return
    }
    if (segment === 'fin') this.#hasRemoteEnded = true
    else if (this.#isEnding) this.#in?.taken(segment.length)
    else this.#arrived.push(segment)
    if (this.life.pausedUntilMs > this.#scheduler.nowMs || this.#read !== null) return this.#readSoon()
    this.#scheduler.enter(this.life, 'read', this.remote.port, () => this.#readNow())
  }

  #readSoon(): void {
    if (this.#read !== null || this.#isClosed) return
    if (this.#arrived.length === 0 && !this.#hasRemoteEnded) return
    this.#read = this.#soon('read', () => {
      this.#read = null
      this.#readNow()
    })
  }

  #readNow(): void {
    if (this.#isClosed || !(this.#isReading || this.#isEnding)) return
    if (this.#arrived.length > 0) {
      const bytes = this.#takeArrived()
      try {
        this.#handlers?.onData(bytes)
      } catch (error) {
        if (error instanceof CrashedError) throw error
        this.#close(networkError(NETWORK_ERROR_CODES.failed, 'a handler of the connection failed', error))
      }
      bytes.fill(POISON)
      this.#in?.taken(bytes.length)
    }
    if (this.#arrived.length > 0) return this.#readSoon()
    if (this.#hasRemoteEnded && this.#outbox.isEmpty) this.#close(null)
  }

  #takeArrived(): Uint8Array {
    const limit = this.#options.chunkBytesMax
    let count = 0
    let sizeBytes = 0
    while (count < this.#arrived.length && (count === 0 || sizeBytes + (this.#arrived[count] as Uint8Array).length <= limit)) {
      sizeBytes += (this.#arrived[count] as Uint8Array).length
      count += 1
    }
    const pieces = this.#arrived.splice(0, count)
    if (pieces.length === 1) return pieces[0] as Uint8Array
    const bytes = new Uint8Array(sizeBytes)
    let at = 0
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }

  #dropArrived(): void {
    for (const piece of this.#arrived.splice(0)) this.#in?.taken(piece.length)
  }

  #flushSoon(): void {
    if (this.#flush !== null) return
    this.#flush = this.#soon('send', () => {
      this.#flush = null
      this.#flushNow()
    })
  }

  #flushNow(): void {
    const out = this.#out
    if (out === null || this.#isClosed) return
    const sent: (() => void)[] = []
    const hadBytes = !this.#outbox.isEmpty
    try {
      while (!this.#outbox.isEmpty && (out.room > 0 || this.#outbox.bufferedBytes === 0)) {
        const limit = Math.min(out.room, this.#options.random.between(1, this.#options.chunkBytesMax))
        const bytes = this.#outbox.take(limit, (callback) => sent.push(callback))
        if (bytes.length > 0) out.send(bytes)
      }
    } catch (error) {
      if (error instanceof CrashedError) throw error
      this.#close(networkError(NETWORK_ERROR_CODES.failed, 'a file could not be sent', error))
    }
    for (const callback of sent) callback()
    if (this.#isClosed) return
    if (hadBytes && this.#outbox.isEmpty) this.#handlers?.onDrain?.()
    if (!this.#outbox.isEmpty) return
    if (this.#isEnding && !this.#isFinSent) {
      this.#isFinSent = true
      out.send('fin')
      this.#scheduler.schedule(LINGER_MS, this.life, 'linger', () => this.#close(null))
    }
    if (this.#hasRemoteEnded) this.#readSoon()
  }

  #neverSent(onSent: (() => void) | undefined): void {
    if (onSent !== undefined) this.#soon('never-sent', onSent)
  }

  #close(error: NetworkError | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closeError = error
    const owed = this.#outbox.clear()
    this.#flush?.cancel()
    this.#read?.cancel()
    this.#sayGoodbye()
    this.#options.onGone(this)
    this.#soon('closed', () => this.#reportClose(owed))
  }

  /** A socket that is closed with bytes unread resets the connection; else it ends in order. */
  #sayGoodbye(): void {
    if (this.#wasReset) return
    const isReset = this.#arrived.length > 0 || this.#options.random.chance(0.1)
    if (isReset) this.#out?.send('rst')
    else if (!this.#isFinSent) this.#out?.send('fin')
  }

  #reportClose(owed: readonly (() => void)[]): void {
    for (const callback of owed) callback()
    if (this.#isCloseReported || this.#handlers === null) return
    this.#isCloseReported = true
    this.#handlers.onClose(this.#closeError)
  }

  #soon(kind: string, run: () => void): ScheduledEvent {
    return this.#scheduler.schedule(0, this.life, kind, run, this.remote.port)
  }

  #assertAlive(): void {
    if (!this.life.isAlive) throw new CrashedError(this.life.who)
  }
}

function networkError(code: NetworkErrorCode, message: string, cause?: unknown): NetworkError {
  return new NetworkError(code, message, { cause })
}
