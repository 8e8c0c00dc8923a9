/**
 * TCP behind the network port.
 *
 * All connections of the process read into one buffer. Node's own way takes fresh memory for each chunk, which is much
 * of the work of receiving; with `onread` the bytes stay where they are until the handler has looked at them, or go
 * straight to where a handler that knows what is to come wants them. On
 * POSIX systems the read and its callback are one synchronous step, so nobody sees another's bytes; Windows fills buffers
 * behind our back, and each connection gets its own. For accepted connections Node has no public way: the listener hands
 * over its handle to a second socket that is made with `onread`, and where that does not work the chunks come as usual.
 */
import * as net from 'node:net'
import type { Logger } from '../ports/logger.ts'
import {
  NETWORK_ERROR_CODES,
  NetworkError,
  type ConnectOptions,
  type Connection,
  type Listener,
  type ListenOptions,
  type Network,
} from '../ports/network.ts'
import { NodeConnection } from './connection.ts'
import { silentLogger } from './logger.ts'
import { toNetworkError } from './network-error.ts'
import type { OutboxOptions } from './outbox.ts'
import { loadSendFile } from './send-file.ts'

const READ_BUFFER_BYTES = 1024 * 1024
const OWN_READ_BUFFER_BYTES = 64 * 1024
const BACKLOG = 511

export interface NodeNetworkOptions {
  /** Hears about failures that belong to no connection. */
  readonly logger?: Logger
  /** False sends file ranges by copying, as where `sendfile` does not exist. */
  readonly useSendFile?: boolean
  /** False receives in Node's usual way, as where sockets cannot share a buffer. */
  readonly useSharedReadBuffer?: boolean
}

export function createNodeNetwork(options: NodeNetworkOptions = {}): Network {
  return new NodeNetwork(options)
}

/** What `net.Socket` takes without saying so in its types: the handle of an accepted connection. */
interface HandleOptions extends Omit<net.SocketConstructorOpts, 'handle'> {
  readonly handle: object
  readonly pauseOnCreate: boolean
}

interface SocketInternals {
  _handle: { readonly useUserBuffer?: unknown } | null
}

type OnRead = NonNullable<net.SocketConstructorOpts['onread']>

class NodeNetwork implements Network {
  readonly #logger: Logger
  readonly #outboxOptions: OutboxOptions
  readonly #useReadBuffer: boolean

  constructor(options: NodeNetworkOptions) {
    this.#logger = options.logger ?? silentLogger
    this.#outboxOptions = { loadSendFile: options.useSendFile === false ? () => null : loadSendFile }
    this.#useReadBuffer = options.useSharedReadBuffer ?? true
  }

  async listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true })
    server.on('connection', (accepted) => this.#accept(accepted, onConnection))
    await listening(server, options)
    server.on('error', (error) => this.#logger.error('listener-failed', { ...options, error }))
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new NetworkError(NETWORK_ERROR_CODES.failed, 'not a TCP listener')
    return {
      address: { host: bound.address, port: bound.port },
      close: () => closed(server),
    }
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    const { host, port, timeoutMs } = options
    const receiver = new Receiver()
    const socket = net.connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      ...(this.#useReadBuffer ? { onread: receiver.onread } : {}),
    })
    socket.pause()
    try {
      await connected(socket, timeoutMs)
    } catch (error) {
      throw toNetworkError(error, `connect to ${host}:${port}`)
    }
    const connection = new NodeConnection(socket, this.#logger, this.#outboxOptions)
    receiver.connection = connection
    return connection
  }

  #accept(accepted: net.Socket, onConnection: (connection: Connection) => void): void {
    const receiver = new Receiver()
    const socket = this.#useReadBuffer ? takeOver(accepted, receiver.onread) : accepted
    const connection = new NodeConnection(socket, this.#logger, this.#outboxOptions)
    receiver.connection = connection
    try {
      onConnection(connection)
    } catch (error) {
      this.#logger.error('connection-handler-failed', { error, remote: connection.remote })
      connection.destroy()
    }
  }
}

/** Leads from a socket, which wants its callback when it is made, to the connection, which is made after it. */
class Receiver {
  connection: NodeConnection | undefined
  readonly #usual = readBuffer()
  readonly onread: OnRead = {
    // Asked before the first read and after each one.
    buffer: () => (MAY_READ_ANYWHERE ? this.connection?.readInto() : null) ?? this.#usual,
    callback: (length, buffer) => this.connection?.receive(buffer.subarray(0, length)) ?? false,
  }
}

/** Windows fills a buffer at any time until it is full, so there it is always the same. */
const MAY_READ_ANYWHERE = process.platform !== 'win32'

let sharedReadBuffer: Uint8Array | undefined

/** Plain arrays, not `Buffer`s, whose `slice` does not copy: handlers keep what they need of a chunk by slicing it. */
function readBuffer(): Uint8Array {
  if (process.platform === 'win32') return new Uint8Array(OWN_READ_BUFFER_BYTES)
  sharedReadBuffer ??= new Uint8Array(READ_BUFFER_BYTES)
  return sharedReadBuffer
}

/** A socket on the handle of `accepted` that reads into our buffer, or `accepted` itself where that cannot be had. */
function takeOver(accepted: net.Socket, onread: OnRead): net.Socket {
  const internals = accepted as unknown as SocketInternals
  const handle = internals._handle
  if (handle === null || typeof handle !== 'object' || typeof handle.useUserBuffer !== 'function') return accepted
  const options: HandleOptions = { handle, onread, pauseOnCreate: true, allowHalfOpen: false, readable: true, writable: true }
  const socket = new net.Socket(options as net.SocketConstructorOpts)
  // Without its handle the first socket is an empty shell. Destroying it lets the server forget it.
  internals._handle = null
  accepted.destroy()
  return socket
}

function listening(server: net.Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(toNetworkError(error, `listen on ${host}:${port}`))
    server.once('error', onError)
    try {
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.off('error', onError)
        resolve()
      })
    } catch (error) {
      onError(error as Error)
    }
  })
}

/** Resolves when the port is free again, whatever connections go on. */
function closed(server: net.Server): Promise<void> {
  if (server.listening) server.close()
  return new Promise((resolve) => setImmediate(resolve))
}

function connected(socket: net.Socket, timeoutMs: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const settle = (): void => {
      clearTimeout(timer)
      socket.off('connect', onConnect)
    }
    const onConnect = (): void => {
      settle()
      socket.off('error', onError)
      resolve()
    }
    const onError = (error: Error): void => {
      settle()
      reject(error)
    }
    socket.once('connect', onConnect)
    socket.once('error', onError)
    if (timeoutMs !== undefined) {
      timer = setTimeout(() => {
        socket.destroy(new NetworkError(NETWORK_ERROR_CODES.timedOut, `no connection within ${timeoutMs} ms`))
      }, timeoutMs)
    }
  })
}
