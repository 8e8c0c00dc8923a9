/**
 * One TCP connection: a `net.Socket` behind the connection port.
 *
 * Owns the socket's life: whoever closes, `onClose` is called once, after everything given to `write` was reported. What a
 * handler throws ends this connection and reaches its owner as the `cause` of the error in `onClose`.
 */
import type { Socket } from 'node:net'
import type { DiskFile } from '../ports/disk.ts'
import { NETWORK_ERROR_CODES, NetworkError, type Address, type Connection, type ConnectionHandlers } from '../ports/network.ts'
import type { Logger } from '../ports/logger.ts'
import { toNetworkError } from './network-error.ts'
import { Outbox, type OutboxOptions } from './outbox.ts'

/** How long a peer may take to close its side after we closed ours. */
const LINGER_MS = 1000

export class NodeConnection implements Connection {
  readonly remote: Address
  readonly local: Address
  readonly #socket: Socket
  readonly #logger: Logger
  readonly #outbox: Outbox
  #handlers: ConnectionHandlers | undefined
  /** Why the connection ends; null as long as nothing went wrong. */
  #error: NetworkError | null = null
  #isPaused = true
  /** After `end`, what the peer still sends is read and dropped: unread bytes would make the system reset the connection. */
  #isDiscarding = false
  #isClosed = false
  #isCloseReported = false

  constructor(socket: Socket, logger: Logger, options: OutboxOptions) {
    this.#socket = socket
    this.#logger = logger
    this.remote = toAddress(socket.remoteAddress, socket.remotePort)
    this.local = toAddress(socket.localAddress, socket.localPort)
    this.#outbox = new Outbox(socket, { onDrain: () => this.#handlers?.onDrain?.(), onFailure: (error) => this.#fail(error) }, options)
    socket.pause()
    // Where the shared read buffer is not supported, chunks come this way. Where it is, there are none.
    socket.on('data', (chunk: Uint8Array) => this.receive(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)))
    socket.on('error', (error) => {
      this.#error ??= toNetworkError(error, `talk to ${this.remote.host}:${this.remote.port}`)
    })
    socket.on('close', () => this.#closed())
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    if (this.#isClosed) setImmediate(() => this.#reportClose())
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#socket.resume()
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): void {
    this.#outbox.write(chunks, onSent)
  }

  writeFile(file: DiskFile, position: number, length: number, onSent?: () => void): void {
    this.#outbox.writeFile(file, position, length, onSent)
  }

  end(): void {
    if (this.#isDiscarding) return
    this.#isDiscarding = true
    this.#outbox.end(() => {
      this.#socket.once('finish', () => this.#linger())
      this.#socket.end()
      this.#socket.resume()
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Called with each chunk that arrives; false asks the socket to stop reading. */
  receive(chunk: Uint8Array): boolean {
    if (this.#isDiscarding) return true
    try {
      this.#handlers?.onData(chunk)
    } catch (error) {
      this.#fail(new NetworkError(NETWORK_ERROR_CODES.failed, 'a handler of the connection failed', { cause: error }))
    }
    return !this.#isPaused
  }

  /** Where the next chunk is to be read to; null for wherever it may be. */
  readInto(): Uint8Array | null {
    return this.#isDiscarding || this.#isClosed ? null : (this.#handlers?.readInto?.() ?? null)
  }

  #fail(error: NetworkError): void {
    if (this.#socket.destroyed) {
      this.#logger.error('connection-handler-failed', { error, remote: this.remote })
      return
    }
    this.#error ??= error
    this.#socket.destroy()
  }

  #linger(): void {
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  #closed(): void {
    this.#isClosed = true
    this.#outbox.close()
    this.#reportClose()
  }

  #reportClose(): void {
    if (this.#isCloseReported || this.#handlers === undefined) return
    this.#isCloseReported = true
    try {
      this.#handlers.onClose(this.#error)
    } catch (error) {
      this.#logger.error('connection-handler-failed', { error, remote: this.remote })
    }
  }
}

/** An IPv4 peer of a dual-stack listener shows as `::ffff:10.0.0.1`; nobody configures addresses like that. */
function toAddress(host: string | undefined, port: number | undefined): Address {
  const mapped = host !== undefined && /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(host)
  return { host: mapped ? host.slice('::ffff:'.length) : (host ?? ''), port: port ?? 0 }
}
