/**
 * The connections of one user (a producer, a consumer, the client itself) to the brokers, by address: opened when first
 * asked for, shared while open, opened again after a loss, and not more often than the back-off allows.
 *
 * Users do not share connections, because a broker works on one request of a connection at a time: a consumer's long poll
 * would hold up a producer.
 */
import { type Address, backoffMs } from '@millrace/runtime'
import { asClientError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import type { ClientSettings } from '../settings.ts'
import { formatAddress } from './address.ts'
import { BrokerConnection } from './broker-connection.ts'
import { CloseSignal, sleep } from './sleep.ts'

interface Slot {
  /** Open, or being opened. */
  connection: Promise<BrokerConnection> | null
  /** The one that is open now. */
  open: BrokerConnection | null
  failures: number
  /** On the monotonic clock. Invariant: 0 unless `failures` > 0. */
  retryAtMs: number
}

export class BrokerPool {
  readonly #settings: ClientSettings
  readonly #slots = new Map<string, Slot>()
  readonly #closing = new CloseSignal()

  constructor(settings: ClientSettings) {
    this.#settings = settings
  }

  /** Any connection that is open now. */
  get open(): BrokerConnection | null {
    for (const slot of this.#slots.values()) {
      if (slot.open?.isOpen) return slot.open
    }
    return null
  }

  /** How long the back-off keeps from trying this address. */
  pauseMs(address: Address): number {
    const retryAtMs = this.#slots.get(formatAddress(address))?.retryAtMs ?? 0
    return Math.max(0, retryAtMs - this.#settings.runtime.clock.monotonic())
  }

  /** The connection to `address`, as soon as it is open. Waits out the back-off of earlier failures. */
  connectionTo(address: Address): Promise<BrokerConnection> {
    if (this.#closing.isClosed) return Promise.reject(closedError())
    const key = formatAddress(address)
    let slot = this.#slots.get(key)
    if (slot === undefined) {
      slot = { connection: null, open: null, failures: 0, retryAtMs: 0 }
      this.#slots.set(key, slot)
    }
    slot.connection ??= this.#open(slot, address)
    return slot.connection
  }

  close(): void {
    this.#closing.close()
    for (const slot of this.#slots.values()) slot.open?.close()
  }

  async #open(slot: Slot, address: Address): Promise<BrokerConnection> {
    const { runtime, clientId, connectTimeoutMs, requestTimeoutMs, maxResponseBytes } = this.#settings
    const { clock } = runtime
    try {
      if (slot.retryAtMs > clock.monotonic()) await sleep(clock, slot.retryAtMs - clock.monotonic(), this.#closing)
      if (this.#closing.isClosed) throw closedError()
      const options = { runtime, address, clientId, connectTimeoutMs, requestTimeoutMs, maxResponseBytes }
      const connection = await BrokerConnection.open(options)
      if (this.#closing.isClosed) {
        connection.close()
        throw closedError()
      }
      this.#adopt(slot, connection)
      return connection
    } catch (error) {
      slot.connection = null
      this.#countFailure(slot)
      throw asClientError(error, CLIENT_ERROR_CODES.unreachable)
    }
  }

  #adopt(slot: Slot, connection: BrokerConnection): void {
    slot.open = connection
    slot.failures = 0
    slot.retryAtMs = 0
    connection.onClosed = () => {
      slot.open = null
      slot.connection = null
      // A broker that accepts and hangs up at once must not be connected to in a tight loop.
      this.#countFailure(slot)
    }
  }

  #countFailure(slot: Slot): void {
    slot.failures += 1
    const { runtime, reconnectBackoff } = this.#settings
    slot.retryAtMs = runtime.clock.monotonic() + backoffMs(reconnectBackoff, slot.failures, runtime.random)
  }
}

function closedError(): ClientError {
  return new ClientError(CLIENT_ERROR_CODES.closed, 'the client was closed')
}
