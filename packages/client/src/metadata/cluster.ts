/**
 * What the client knows of the cluster: brokers, topics, and who leads which partition. It is asked for when needed, kept
 * for a while, and asked for again when a broker's answer shows that it is out of date.
 *
 * Requests for the same moment share one Metadata request. A leader epoch never goes back: an answer from a broker that
 * lags behind cannot undo what a fresher one said.
 */
import { type Decoded, ERROR_CODES, metadataApi, type metadataResponse, ZERO_UUID } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import type { BrokerConnection } from '../network/broker-connection.ts'
import { BrokerPool } from '../network/broker-pool.ts'
import { retry } from '../network/retry.ts'
import { CloseSignal } from '../network/sleep.ts'
import type { ClientSettings } from '../settings.ts'
import type { BrokerView, PartitionView, TopicView } from './topic-view.ts'

type MetadataResponse = Decoded<typeof metadataResponse>
type TopicResponse = MetadataResponse['topics'][number]

interface CachedTopic {
  readonly view: TopicView
  readonly fetchedAtMs: number
  isStale: boolean
}

export interface TopicLookup {
  /** Lets the broker create a missing topic, if it is configured to. */
  readonly allowAutoCreation?: boolean
  /** How long a missing topic is asked for again; the settings' `retryTimeoutMs` when absent. */
  readonly timeoutMs?: number
}

export class Cluster {
  readonly settings: ClientSettings
  readonly pool: BrokerPool
  readonly closing = new CloseSignal()
  readonly #topics = new Map<string, CachedTopic>()
  #brokers: ReadonlyMap<number, BrokerView> = new Map()
  #controllerId: number | null = null
  #clusterId: string | null = null
  /** The look-up that will start when the one under way has ended, and the topics it will ask for. */
  #next: { readonly names: Set<string>; allowAutoCreation: boolean; readonly done: Promise<MetadataResponse> } | null = null
  #current: Promise<unknown> = Promise.resolve()

  constructor(settings: ClientSettings) {
    this.settings = settings
    this.pool = new BrokerPool(settings)
  }

  get brokers(): readonly BrokerView[] {
    return [...this.#brokers.values()]
  }

  get controllerId(): number | null {
    return this.#controllerId
  }

  get clusterId(): string | null {
    return this.#clusterId
  }

  get nowMs(): number {
    return this.settings.runtime.clock.monotonic()
  }

  close(): void {
    this.closing.close()
    this.pool.close()
  }

  /** A connection to whichever broker answers: an open one, a known one, or one of the bootstrap addresses. */
  async anyConnection(pool: BrokerPool = this.pool): Promise<BrokerConnection> {
    if (pool.open !== null) return pool.open
    const known: readonly Address[] = this.#shuffled([...this.#brokers.values()])
    // One that has just failed is waited for only when there is no other.
    const addresses = [...known, ...this.settings.bootstrap].sort((left, right) => pool.pauseMs(left) - pool.pauseMs(right))
    let failure: unknown = null
    for (const address of addresses) {
      try {
        return await pool.connectionTo(address)
      } catch (error) {
        failure = error
        if (this.closing.isClosed) break
      }
    }
    throw failure
  }

  /** A connection to one broker, by the id that metadata names. */
  async connectionTo(nodeId: number, pool: BrokerPool = this.pool): Promise<BrokerConnection> {
    const broker = this.#brokers.get(nodeId)
    if (broker !== undefined) return pool.connectionTo(broker)
    throw new ClientError(CLIENT_ERROR_CODES.unreachable, `broker ${nodeId} is not part of the cluster's metadata`)
  }

  /** What is known of the topic without asking anybody; undefined when nothing or when it may be out of date. */
  peek(name: string): TopicView | undefined {
    const cached = this.#topics.get(name)
    if (cached === undefined || cached.isStale) return undefined
    return this.nowMs - cached.fetchedAtMs < this.settings.metadataMaxAgeMs ? cached.view : undefined
  }

  /** The topic with all its partitions. Rejects with the broker's error, UNKNOWN_TOPIC_OR_PARTITION after the time-out. */
  async topic(name: string, lookup: TopicLookup = {}): Promise<TopicView> {
    const known = this.peek(name)
    if (known !== undefined) return known
    const deadlineMs = this.nowMs + (lookup.timeoutMs ?? this.settings.retryTimeoutMs)
    return retry(this.settings, this.closing, deadlineMs, () => this.#lookUp(name, lookup.allowAutoCreation ?? false))
  }

  /** Makes the next look at the topic ask again. */
  invalidate(name: string): void {
    const cached = this.#topics.get(name)
    if (cached !== undefined) cached.isStale = true
  }

  /** Asks for brokers and controller only. */
  async refreshBrokers(): Promise<void> {
    this.#take(await this.requestMetadata([], false))
  }

  /** One Metadata request, `null` for all topics; the caller judges the errors of the topics. */
  async requestMetadata(names: readonly string[] | null, allowAutoTopicCreation: boolean): Promise<MetadataResponse> {
    const connection = await this.anyConnection()
    const topics = names === null ? null : names.map((name) => ({ name }))
    const response = await connection.request(metadataApi, { topics, allowAutoTopicCreation })
    if (response.errorCode !== ERROR_CODES.NONE) throw brokerError(response.errorCode)
    return response
  }

  async #lookUp(name: string, allowAutoCreation: boolean): Promise<TopicView> {
    const response = await this.#shared(name, allowAutoCreation)
    const topic = response.topics.find((entry) => entry.name === name)
    if (topic === undefined) throw brokerError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, { topic: name })
    if (topic.errorCode !== ERROR_CODES.NONE) {
      this.#topics.delete(name)
      throw brokerError(topic.errorCode, { topic: name }, topicMessage(topic.errorCode, name))
    }
    return this.#topics.get(name)?.view ?? viewOf(topic)
  }

  /** Joins the look-up that has not started yet, or plans one. */
  #shared(name: string, allowAutoCreation: boolean): Promise<MetadataResponse> {
    if (this.#next === null) {
      const names = new Set<string>()
      const done = this.#current.then(
        () => this.#start(),
        () => this.#start(),
      )
      this.#current = done
      this.#next = { names, allowAutoCreation, done }
    }
    this.#next.names.add(name)
    this.#next.allowAutoCreation ||= allowAutoCreation
    return this.#next.done
  }

  async #start(): Promise<MetadataResponse> {
    const plan = this.#next
    this.#next = null
    const response = await this.requestMetadata([...(plan?.names ?? [])], plan?.allowAutoCreation ?? false)
    this.#take(response)
    return response
  }

  #take(response: MetadataResponse): void {
    this.#brokers = new Map(response.brokers.map(({ nodeId, host, port, rack }) => [nodeId, { nodeId, host, port, rack }]))
    this.#controllerId = response.controllerId === -1 ? null : response.controllerId
    this.#clusterId = response.clusterId
    for (const topic of response.topics) {
      if (topic.errorCode !== ERROR_CODES.NONE || topic.name === null) continue
      const view = newer(this.#topics.get(topic.name)?.view, viewOf(topic))
      this.#topics.set(topic.name, { view, fetchedAtMs: this.nowMs, isStale: false })
    }
  }

  #shuffled<Item>(items: Item[]): Item[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.settings.runtime.random.uint32() % (last + 1)
      const [left, right] = [items[last], items[other]]
      if (left !== undefined && right !== undefined) [items[last], items[other]] = [right, left]
    }
    return items
  }
}

export function viewOf(topic: TopicResponse): TopicView {
  const partitions = topic.partitions.map(
    (entry): PartitionView => ({
      partition: entry.partitionIndex,
      leaderId: entry.leaderId === -1 ? null : entry.leaderId,
      leaderEpoch: entry.leaderEpoch,
      replicas: entry.replicaNodes,
      isr: entry.isrNodes,
      offlineReplicas: entry.offlineReplicas,
    }),
  )
  partitions.sort((left, right) => left.partition - right.partition)
  return {
    name: topic.name ?? '',
    topicId: topic.topicId === ZERO_UUID ? null : topic.topicId,
    isInternal: topic.isInternal,
    partitions,
  }
}

/** `fresh`, but with the partitions of `known` that have a later leader epoch. A topic created anew starts over. */
function newer(known: TopicView | undefined, fresh: TopicView): TopicView {
  if (known === undefined || known.topicId === null || known.topicId !== fresh.topicId) return fresh
  const partitions = fresh.partitions.map((partition) => {
    const before = known.partitions[partition.partition]
    return before !== undefined && before.leaderEpoch > partition.leaderEpoch ? before : partition
  })
  return { ...fresh, partitions }
}

export function topicMessage(errorCode: number, name: string): string | null {
  return errorCode === ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION ? `topic "${name}" does not exist` : null
}
