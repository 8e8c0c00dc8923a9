/** A network inside the test: a peer is a function that is called for each connection to its address. */
import {
  type Address,
  type Connection,
  type ConnectionHandlers,
  type ConnectOptions,
  type Listener,
  type Network,
  NETWORK_ERROR_CODES,
  NetworkError,
} from '@millrace/runtime'

/** The far end of a connection, in the hands of the test. */
export interface Peer {
  onData: (chunk: Uint8Array) => void
  send(chunks: readonly Uint8Array[]): void
  /** Ends the connection in order, or with a reset. */
  hangUp(error?: NetworkError): void
  readonly isClosed: boolean
}

export class MemoryNetwork implements Network {
  readonly #peers = new Map<string, (peer: Peer) => void>()
  /** How often somebody tried to connect, by address. */
  readonly attempts = new Map<string, number>()

  accept({ host, port }: Address, onPeer: (peer: Peer) => void): void {
    this.#peers.set(`${host}:${port}`, onPeer)
  }

  refuse({ host, port }: Address): void {
    this.#peers.delete(`${host}:${port}`)
  }

  listen(): Promise<Listener> {
    throw new Error('a client does not listen')
  }

  async connect({ host, port }: ConnectOptions): Promise<Connection> {
    const address = `${host}:${port}`
    this.attempts.set(address, (this.attempts.get(address) ?? 0) + 1)
    const onPeer = this.#peers.get(address)
    if (onPeer === undefined) throw new NetworkError(NETWORK_ERROR_CODES.refused, `cannot connect to ${address}: ECONNREFUSED`)
    const connection = new MemoryConnection({ host, port })
    onPeer(connection.peer)
    return connection
  }
}

class MemoryConnection implements Connection {
  readonly remote: Address
  readonly local = { host: 'client', port: 1 }
  readonly bufferedBytes = 0
  readonly peer: Peer
  #handlers: ConnectionHandlers | null = null
  #isResumed = false
  #isClosed = false
  readonly #toClient: (() => void)[] = []

  constructor(remote: Address) {
    this.remote = remote
    const isClosed = (): boolean => this.#isClosed
    this.peer = {
      onData: () => {},
      send: (chunks) => this.#deliver(() => this.#handlers?.onData(joined(chunks))),
      hangUp: (error) => this.#deliver(() => this.#close(error ?? null)),
      get isClosed() {
        return isClosed()
      },
    }
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
  }

  pause(): void {
    this.#isResumed = false
  }

  resume(): void {
    this.#isResumed = true
    this.#flush()
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): void {
    const bytes = joined(chunks)
    later(() => {
      if (!this.#isClosed) this.peer.onData(bytes)
      onSent?.()
    })
  }

  writeFile(): void {
    throw new Error('a client sends no files')
  }

  end(): void {
    this.destroy()
  }

  destroy(): void {
    later(() => this.#close(null))
  }

  #deliver(event: () => void): void {
    this.#toClient.push(event)
    later(() => this.#flush())
  }

  #flush(): void {
    while (this.#isResumed && !this.#isClosed) {
      const event = this.#toClient.shift()
      if (event === undefined) return
      event()
    }
  }

  #close(error: NetworkError | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#handlers?.onClose(error)
  }
}

function later(run: () => void): void {
  void Promise.resolve().then(run)
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let position = 0
  for (const chunk of chunks) {
    bytes.set(chunk, position)
    position += chunk.length
  }
  return bytes
}
