/** A network within the process, so that a million frames need no million sockets: the fuzzer holds the other end of each connection. */
import type { Address, Connection, ConnectionHandlers, DiskFile, Listener, Network } from '@millrace/runtime'

export class FuzzNetwork implements Network {
  #accept: (connection: Connection) => void = () => {}

  listen(options: Address, onConnection: (connection: Connection) => void): Promise<Listener> {
    this.#accept = onConnection
    return Promise.resolve({ address: options, close: () => Promise.resolve() })
  }

  connect(): Promise<Connection> {
    return Promise.reject(new Error('the fuzzed broker connects to nobody'))
  }

  open(port: number): FuzzConnection {
    const connection = new FuzzConnection(port)
    this.#accept(connection)
    return connection
  }
}

export class FuzzConnection implements Connection {
  readonly remote: Address
  readonly local: Address = { host: '127.0.0.1', port: 9092 }
  readonly bufferedBytes = 0
  isOpen = true
  #handlers: ConnectionHandlers | null = null
  #isReading = false
  /** What was sent while the broker did not read. */
  #waiting: Uint8Array[] = []
  #received: Uint8Array[] = []

  constructor(port: number) {
    this.remote = { host: '127.0.0.2', port }
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
  }

  pause(): void {
    this.#isReading = false
  }

  resume(): void {
    this.#isReading = true
    setImmediate(() => this.#deliver())
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): void {
    for (const chunk of chunks) this.#received.push(chunk.slice())
    onSent?.()
  }

  writeFile(file: DiskFile, position: number, length: number, onSent?: () => void): void {
    const bytes = new Uint8Array(length)
    file.readSync(bytes, position)
    this.#received.push(bytes)
    onSent?.()
  }

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#waiting = []
    this.#handlers?.onClose(null)
  }

  send(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#deliver()
  }

  /** Everything the broker answered since the last call. */
  take(): Uint8Array {
    const bytes = new Uint8Array(this.#received.reduce((sum, { length }) => sum + length, 0))
    let filled = 0
    for (const chunk of this.#received) {
      bytes.set(chunk, filled)
      filled += chunk.length
    }
    this.#received = []
    return bytes
  }

  get hasUndelivered(): boolean {
    return this.#waiting.length > 0
  }

  #deliver(): void {
    while (this.isOpen && this.#isReading && this.#waiting.length > 0) {
      const chunk = (this.#waiting.shift() as Uint8Array).slice()
      this.#handlers?.onData(chunk)
      // The real network reads the next bytes into the same memory.
      chunk.fill(0xaa)
    }
  }
}
