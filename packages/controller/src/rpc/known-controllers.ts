/**
 * Which controller to ask next, and the channels to all of them. The one that is said to be active comes first; when nobody says
 * so, or it does not answer, the others get their turn, so that no dead endpoint is asked twice in a row while there are others.
 */
import type { MetadataFeed } from '@millrace/metadata'
import type { ControllerChannel, ControllerConnector } from './controller-service.ts'
import type { ControllerEndpoint } from './metadata-fetch.ts'

export interface KnownController {
  readonly endpoint: ControllerEndpoint
  readonly channel: ControllerChannel
}

export interface KnownControllersOptions {
  /** Null: there are no others. */
  readonly connector: ControllerConnector | null
  /** This node's own controller is not reached by a connection; null where it has none. */
  readonly ownNodeId: number | null
  /** What the configuration says. */
  readonly bootstrap: readonly ControllerEndpoint[]
  /** What the metadata says, which knows of those that came later. */
  readonly registered: () => Iterable<ControllerEndpoint>
}

/** Channels that are kept open: those to a quorum of reasonable size. */
const CHANNELS_MAX = 16

export class KnownControllers {
  readonly #options: KnownControllersOptions
  /** By `host:port`; the one used last is the last. */
  readonly #channels = new Map<string, KnownController>()
  #leader: ControllerEndpoint | null = null
  /** Who failed last, until another one is asked. */
  #failed: string | null = null
  /** Where the round of those who are asked in turn goes on. */
  #turn = 0
  #isClosed = false

  constructor(options: KnownControllersOptions) {
    this.#options = options
  }

  /** What somebody says of who is active. Not believed of the one that has just failed: who says so may not know yet. */
  noteLeader(leader: ControllerEndpoint): void {
    if (keyOf(leader) !== this.#failed && leader.nodeId !== this.#options.ownNodeId) this.#leader = leader
  }

  /** The endpoint did not answer, or is not active: it is not to be asked first any more. */
  noteFailure(endpoint: ControllerEndpoint): void {
    this.#failed = keyOf(endpoint)
    if (this.#leader !== null && keyOf(this.#leader) === this.#failed) this.#leader = null
  }

  leader(): ControllerEndpoint | null {
    return this.#leader
  }

  /** Null when no controller is known at all, or this is closed. */
  next(): KnownController | null {
    const { connector } = this.#options
    if (this.#isClosed || connector === null) return null
    const endpoint = this.#leader ?? this.#nextInTurn()
    if (endpoint === null) return null
    if (keyOf(endpoint) !== this.#failed) this.#failed = null
    return this.#channelTo(endpoint, connector)
  }

  /** How many there are to ask in turn. */
  count(): number {
    return this.#endpoints().length
  }

  #channelTo(endpoint: ControllerEndpoint, connector: ControllerConnector): KnownController {
    const key = keyOf(endpoint)
    const known = this.#channels.get(key) ?? { endpoint, channel: connector.connect(endpoint) }
    this.#channels.delete(key)
    this.#channels.set(key, known)
    this.#closeOldest()
    return known
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const channels = [...this.#channels.values()]
    this.#channels.clear()
    await Promise.all(channels.map(({ channel }) => channel.close()))
  }

  #nextInTurn(): ControllerEndpoint | null {
    const endpoints = this.#endpoints()
    this.#turn += 1
    const endpoint = endpoints[this.#turn % Math.max(1, endpoints.length)] ?? null
    if (endpoint === null || endpoints.length === 1 || keyOf(endpoint) !== this.#failed) return endpoint
    this.#turn += 1
    return endpoints[this.#turn % endpoints.length] ?? null
  }

  #endpoints(): readonly ControllerEndpoint[] {
    const { bootstrap, registered, ownNodeId } = this.#options
    const others = [...bootstrap, ...registered()].filter(({ nodeId }) => nodeId !== ownNodeId)
    return [...new Map(others.map((endpoint) => [keyOf(endpoint), endpoint])).values()]
  }

  #closeOldest(): void {
    if (this.#channels.size <= CHANNELS_MAX) return
    for (const [key, { channel }] of this.#channels) {
      this.#channels.delete(key)
      void channel.close()
      return
    }
  }
}

function keyOf({ host, port }: ControllerEndpoint): string {
  return `${host}:${port}`
}

/** Where controllers say that they are reached. */
export function registeredControllers(feed: MetadataFeed): readonly ControllerEndpoint[] {
  return [...feed.image().controllers.values()].map(({ id, host, port }) => ({ nodeId: id, host, port }))
}
