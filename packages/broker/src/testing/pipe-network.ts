/**
 * A network inside the test. What is written arrives in a later turn, in a buffer that is overwritten when the reader has had
 * it; a reader that pauses is not read to. Hosts can be cut off from each other: then nothing arrives and nothing is said.
 */
import {
  type Address,
  type Connection,
  type ConnectionHandlers,
  type ConnectOptions,
  type DiskFile,
  type Listener,
  type ListenOptions,
  type Network,
  NETWORK_ERROR_CODES,
  NetworkError,
} from '@millrace/runtime'

const FIRST_PORT = 40_000

export class PipeNetwork {
  readonly #listeners = new Map<string, (connection: Connection) => void>()
  readonly #cuts = new Set<string>()
  readonly #pipes = new Set<PipeEnd>()
  #nextPort = FIRST_PORT
  /** Connections that were made, by the address they went to. */
  readonly connects: string[] = []
  /** Called while a host is about to listen. */
  onListen: () => void = () => {}

  /** What the host of this name sees of it. */
  host(name: string): Network {
    return {
      listen: (options, onConnection) => this.#listen(name, options, onConnection),
      connect: (options) => this.#connect(name, options),
    }
  }

  /** Bytes between the two are kept back until `heal`. */
  cut(one: string, other: string): void {
    this.#cuts.add(linkOf(one, other))
  }

  heal(one: string, other: string): void {
    this.#cuts.delete(linkOf(one, other))
    for (const pipe of this.#pipes) pipe.flush()
  }

  /** The host is gone at once: its listeners and connections with it. */
  kill(name: string): void {
    for (const address of this.#listeners.keys()) if (address.startsWith(`${name}:`)) this.#listeners.delete(address)
    for (const pipe of this.#pipes) if (pipe.from === name) pipe.destroy()
  }

  isCut(one: string, other: string): boolean {
    return this.#cuts.has(linkOf(one, other))
  }

  async #listen(name: string, { port }: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    this.onListen()
    const address = { host: name, port: port === 0 ? this.#nextPort++ : port }
    const key = `${address.host}:${address.port}`
    if (this.#listeners.has(key)) throw new NetworkError(NETWORK_ERROR_CODES.addressInUse, `${key} is in use`)
    this.#listeners.set(key, onConnection)
    return { address, close: async () => void this.#listeners.delete(key) }
  }

  async #connect(name: string, { host, port }: ConnectOptions): Promise<Connection> {
    const key = `${host}:${port}`
    this.connects.push(key)
    await turn()
    const onConnection = this.#listeners.get(key)
    if (onConnection === undefined || this.isCut(name, host))
      throw new NetworkError(NETWORK_ERROR_CODES.refused, `cannot connect to ${key}`)
    const here = new PipeEnd(this, name, { host, port }, this.#pipes)
    const there = new PipeEnd(this, host, { host: name, port: this.#nextPort++ }, this.#pipes)
    here.peer = there
    there.peer = here
    onConnection(there)
    return here
  }
}

class PipeEnd implements Connection {
  readonly remote: Address
  readonly local: Address
  readonly bufferedBytes = 0
  readonly from: string
  readonly #network: PipeNetwork
  readonly #pipes: Set<PipeEnd>
  /** Null marks the end. */
  readonly #inbox: (Uint8Array | null)[] = []
  #handlers: ConnectionHandlers | null = null
  #isReading = false
  #isClosed = false
  peer: PipeEnd | null = null

  constructor(network: PipeNetwork, from: string, remote: Address, pipes: Set<PipeEnd>) {
    this.#network = network
    this.from = from
    this.remote = remote
    this.local = { host: from, port: 0 }
    this.#pipes = pipes
    pipes.add(this)
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
  }

  pause(): void {
    this.#isReading = false
  }

  resume(): void {
    this.#isReading = true
    this.flush()
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): void {
    if (!this.#isClosed) for (const chunk of chunks) this.peer?.receive(chunk.slice())
    if (onSent !== undefined) setImmediate(onSent)
  }

  writeFile(file: DiskFile, position: number, length: number, onSent?: () => void): void {
    const bytes = new Uint8Array(length)
    file.readSync(bytes, position)
    this.write([bytes], onSent)
  }

  end(): void {
    this.peer?.receive(null)
    this.#close()
  }

  destroy(): void {
    const { peer } = this
    setImmediate(() => peer?.receive(null))
    this.#close()
  }

  receive(bytes: Uint8Array | null): void {
    this.#inbox.push(bytes)
    this.flush()
  }

  /** Reads on, in a later turn. */
  flush(): void {
    setImmediate(() => this.#read())
  }

  #read(): void {
    while (!this.#isClosed && this.#isReading && !this.#network.isCut(this.from, this.remote.host)) {
      const bytes = this.#inbox.shift()
      if (bytes === undefined) return
      if (bytes === null) return this.#close()
      this.#handlers?.onData(bytes)
      bytes.fill(0xee)
    }
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pipes.delete(this)
    const handlers = this.#handlers
    setImmediate(() => handlers?.onClose(null))
  }
}

function linkOf(one: string, other: string): string {
  return [one, other].sort().join('|')
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
