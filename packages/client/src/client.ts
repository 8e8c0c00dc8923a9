/** The way in: one client for one cluster, and what it makes. */
import { createNodeRuntime, type Runtime, silentLogger } from '@millrace/runtime'
import { Admin } from './admin/admin.ts'
import { Consumer } from './consumer/consumer.ts'
import type { ConsumerOptions } from './consumer/consumer-options.ts'
import { CLIENT_ERROR_CODES, ClientError } from './errors.ts'
import { Cluster } from './metadata/cluster.ts'
import { parseAddress } from './network/address.ts'
import { Producer } from './producer/producer.ts'
import type { ProducerOptions } from './producer/producer-options.ts'
import { type ClientSettings, DEFAULT_SETTINGS } from './settings.ts'

export interface ClientOptions extends Partial<Omit<ClientSettings, 'bootstrap' | 'clientId' | 'runtime'>> {
  /** Where to begin: some brokers of the cluster as `host:port`, in a list or with commas between. The others are learnt from them. */
  readonly brokers: string | readonly string[]
  /** The name that brokers put into their logs and metrics. */
  readonly clientId?: string
  /** The doors out of the process; those of Node when absent. */
  readonly runtime?: Runtime
}

/** Makes producers, consumers and admins for one cluster. Connects when one of them first needs it. */
export function createClient(options: ClientOptions): Client {
  return new Client(options)
}

export class Client implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #producers = new Set<Producer>()
  #closing: Promise<void> | null = null

  constructor(options: ClientOptions) {
    this.#cluster = new Cluster(settingsOf(options))
  }

  /**
   * Connects to one of the brokers now. Not needed before anything else; it tells at once, without trying again, when none
   * can be reached.
   */
  async connect(): Promise<void> {
    this.#assertOpen()
    await this.#cluster.anyConnection()
  }

  /** Idempotent and with `acks: 'all'` unless the options say otherwise. */
  producer(options: ProducerOptions = {}): Producer {
    this.#assertOpen()
    const producer = new Producer(this.#cluster, options, () => this.#producers.delete(producer))
    this.#producers.add(producer)
    return producer
  }

  /** Reads what it is assigned; see `Consumer.assign`. */
  consumer(options: ConsumerOptions = {}): Consumer {
    this.#assertOpen()
    return new Consumer(this.#cluster, options)
  }

  admin(): Admin {
    this.#assertOpen()
    return new Admin(this.#cluster)
  }

  /** Lets the producers deliver what they have taken, then ends everything this client made. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#producers].map((producer) => producer.close()))
    this.#cluster.close()
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new ClientError(CLIENT_ERROR_CODES.closed, 'the client was closed')
  }
}

function settingsOf({ brokers, clientId, runtime, ...settings }: ClientOptions): ClientSettings {
  const addresses = typeof brokers === 'string' ? brokers.split(',') : brokers
  const bootstrap = addresses.filter((text) => text.trim() !== '').map(parseAddress)
  if (bootstrap.length === 0) {
    throw new ClientError(CLIENT_ERROR_CODES.invalidArgument, 'name at least one broker to connect to, as host:port')
  }
  return {
    ...DEFAULT_SETTINGS,
    ...settings,
    bootstrap,
    clientId: clientId ?? 'millrace',
    runtime: runtime ?? createNodeRuntime({ logger: silentLogger }),
  }
}
