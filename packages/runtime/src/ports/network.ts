/**
 * The network as the rest of Millrace sees it: byte streams that push back.
 *
 * Two things here exist for speed. A received chunk is a view into a buffer that is reused as soon as the handler returns,
 * so a handler copies what it keeps. And a connection can send a range of a file without the bytes passing through us.
 */
import type { DiskFile } from './disk.ts'

export interface Network {
  /** Resolves when the port accepts connections. Port 0 asks for a free one. Rejects with a `NetworkError`. */
  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener>
  /** Resolves when connected. Rejects with a `NetworkError`. */
  connect(options: ConnectOptions): Promise<Connection>
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly timeoutMs?: number
}

export interface Listener {
  readonly address: Address
  /** Stops accepting; established connections go on. */
  close(): Promise<void>
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** A connection starts paused: set `handlers`, then `resume`. */
export interface Connection {
  readonly remote: Address
  /** The address that the peer connected to. */
  readonly local: Address
  /** Bytes that were handed to `write` or `writeFile` and have not left yet. */
  readonly bufferedBytes: number
  setHandlers(handlers: ConnectionHandlers): void
  /** Stops reading. Data already on its way into the handler may still arrive once. */
  pause(): void
  resume(): void
  /**
   * Sends the chunks back to back, after all that was given before. The chunks belong to the connection until `onSent` is
   * called (also after an error or close, exactly once).
   */
  write(chunks: readonly Uint8Array[], onSent?: () => void): void
  /** Sends `length` bytes of the file from `position`, in the same order as `write`. A file that ends early destroys the connection. */
  writeFile(file: DiskFile, position: number, length: number, onSent?: () => void): void
  /** Sends what is buffered, then closes. */
  end(): void
  /** Closes now. Idempotent. */
  destroy(): void
}

export interface ConnectionHandlers {
  /** `chunk` is valid only until this returns. */
  onData(chunk: Uint8Array): void
  /**
   * Asked after each chunk: where the next one had better be read to, so that it need not be copied there; null for no such place.
   * A network may ignore it; if it does not, `onData` gets a view of that very place. The place belongs to the connection until then.
   */
  readInto?(): Uint8Array | null
  /** All that was buffered has left. */
  onDrain?(): void
  /** Called once, whoever closed. `error` is null for an orderly end. */
  onClose(error: NetworkError | null): void
}

export const NETWORK_ERROR_CODES = {
  addressInUse: 'ERR_NETWORK_ADDRESS_IN_USE',
  addressNotAvailable: 'ERR_NETWORK_ADDRESS_NOT_AVAILABLE',
  notPermitted: 'ERR_NETWORK_NOT_PERMITTED',
  refused: 'ERR_NETWORK_REFUSED',
  timedOut: 'ERR_NETWORK_TIMED_OUT',
  closed: 'ERR_NETWORK_CLOSED',
  failed: 'ERR_NETWORK_FAILED',
} as const

export type NetworkErrorCode = (typeof NETWORK_ERROR_CODES)[keyof typeof NETWORK_ERROR_CODES]

/** A network operation that failed. Compare `code`. */
export class NetworkError extends Error {
  readonly code: NetworkErrorCode

  constructor(code: NetworkErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'NetworkError'
    this.code = code
  }
}
