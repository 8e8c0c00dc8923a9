/** The channels to all other brokers, each opened when it is first used and closed when its broker is gone or has come back. */
import type { MetadataFeed } from '@millrace/metadata'
import { type Address, BufferPool } from '@millrace/runtime'
import { RequestMemory } from '../network/request-memory.ts'
import { PeerChannel, type PeerServices } from './peer-channel.ts'

export interface PeerChannelsOptions extends Omit<PeerServices, 'memory'> {
  readonly nodeId: number
  readonly feed: MetadataFeed
}

interface OpenChannel {
  readonly brokerEpoch: number
  readonly channel: PeerChannel
}

/** Answers under way, all brokers together; one of them may go beyond it. */
const MEMORY_BYTES = 16 * 1024 * 1024
const POOLED_BYTES = 1024 * 1024

export class PeerChannels {
  readonly #options: PeerChannelsOptions
  readonly #services: PeerServices
  readonly #channels = new Map<number, OpenChannel>()
  readonly #unsubscribe: () => void

  constructor(options: PeerChannelsOptions) {
    this.#options = options
    const pool = new BufferPool({ maxRetainedBytes: POOLED_BYTES })
    this.#services = { ...options, memory: new RequestMemory({ pool, maxBytes: MEMORY_BYTES }) }
    this.#unsubscribe = options.feed.subscribe((_image, { brokers }) => {
      for (const brokerId of brokers) this.#closeIfStale(brokerId)
    })
  }

  /** Null for a broker that is not registered, and for ourselves. */
  to(brokerId: number): PeerChannel | null {
    const open = this.#channels.get(brokerId)
    if (open !== undefined) return open.channel
    const peer = this.#peer(brokerId)
    if (peer === null) return null
    const channel = new PeerChannel(peer.address, this.#services)
    this.#channels.set(brokerId, { brokerEpoch: peer.epoch, channel })
    return channel
  }

  close(): void {
    this.#unsubscribe()
    for (const { channel } of this.#channels.values()) channel.close('this broker stops')
    this.#channels.clear()
  }

  /** What was sent to an earlier life of the broker is answered by none. */
  #closeIfStale(brokerId: number): void {
    const open = this.#channels.get(brokerId)
    if (open === undefined || this.#peer(brokerId)?.epoch === open.brokerEpoch) return
    this.#channels.delete(brokerId)
    open.channel.close('the broker is gone or has started again')
  }

  #peer(brokerId: number): { readonly epoch: number; readonly address: Address } | null {
    const broker = brokerId === this.#options.nodeId ? undefined : this.#options.feed.image().brokers.get(brokerId)
    const listener = broker?.listeners[0]
    if (broker === undefined || listener === undefined) return null
    return { epoch: broker.epoch, address: { host: listener.host, port: listener.port } }
  }
}
