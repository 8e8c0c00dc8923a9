/** A network of which everything breaks at once. */
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

export class MortalNetwork implements Network {
  readonly #network: Network
  readonly #listeners = new Set<Listener>()
  readonly #connections = new Set<MortalConnection>()
  #isDead = false

  constructor(network: Network) {
    this.#network = network
  }

  async listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    this.#assertAlive()
    const listener = await this.#network.listen(options, (connection) => {
      if (this.#isDead) connection.destroy()
      else onConnection(this.#adopt(connection))
    })
    this.#listeners.add(listener)
    if (this.#isDead) await listener.close()
    return listener
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    this.#assertAlive()
    const connection = await this.#network.connect(options)
    if (!this.#isDead) return this.#adopt(connection)
    connection.destroy()
    throw dead()
  }

  async die(): Promise<void> {
    this.#isDead = true
    for (const connection of this.#connections) connection.break()
    this.#connections.clear()
    await Promise.all([...this.#listeners].map((listener) => listener.close()))
  }

  #adopt(connection: Connection): MortalConnection {
    const mortal = new MortalConnection(connection, () => this.#connections.delete(mortal))
    this.#connections.add(mortal)
    return mortal
  }

  #assertAlive(): void {
    if (this.#isDead) throw dead()
  }
}

function dead(): NetworkError {
  return new NetworkError(NETWORK_ERROR_CODES.closed, 'this node was killed')
}

class MortalConnection implements Connection {
  readonly #connection: Connection
  readonly #onClosed: () => void
  #isBroken = false

  constructor(connection: Connection, onClosed: () => void) {
    this.#connection = connection
    this.#onClosed = onClosed
  }

  get remote(): Address {
    return this.#connection.remote
  }

  get local(): Address {
    return this.#connection.local
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#connection.setHandlers({
      onData: (chunk) => {
        if (!this.#isBroken) handlers.onData(chunk)
      },
      onDrain: () => {
        if (!this.#isBroken) handlers.onDrain?.()
      },
      onClose: (error) => {
        this.#onClosed()
        if (!this.#isBroken) handlers.onClose(error)
      },
    })
  }

  /** Without a word to whoever used it. */
  break(): void {
    this.#isBroken = true
    this.#connection.destroy()
  }

  pause(): void {
    this.#connection.pause()
  }

  resume(): void {
    this.#connection.resume()
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): void {
    this.#connection.write(chunks, onSent)
  }

  writeFile(file: DiskFile, position: number, length: number, onSent?: () => void): void {
    this.#connection.writeFile(file, position, length, onSent)
  }

  end(): void {
    this.#connection.end()
  }

  destroy(): void {
    this.#connection.destroy()
  }
}
