/**
 * Keeps the feeds of a consumer filled: one Fetch request at a time to each broker, for all the partitions that it leads
 * and that have room. A reader that falls behind is not fetched for; that is the back pressure.
 *
 * Requests carry no session: each names its partitions. Like the producer's sender, everything is decided in one place
 * (`#plan`), which any change calls again.
 */
import { type Decoded, ERROR_CODES, fetchApi, type fetchResponse, ZERO_UUID } from '@millrace/protocol'
import type { Timer } from '@millrace/runtime'
import { asClientError, brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { meansStaleMetadata } from '../kafka-errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { TopicView } from '../metadata/topic-view.ts'
import { backoffMs } from '../network/backoff.ts'
import { BrokerPool } from '../network/broker-pool.ts'
import { isolationCode, listOffsets } from '../offsets/list-offsets.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import type { PartitionFeed } from './partition-feed.ts'

type PartitionResponse = Decoded<typeof fetchResponse>['responses'][number]['partitions'][number]

/** The last version that names topics by name; the later ones need their ids. */
const LAST_VERSION_WITH_NAMES = 12
const CONSUMER_REPLICA_ID = -1
const NO_SESSION = { sessionId: 0, sessionEpoch: -1 } as const

interface Target {
  readonly feed: PartitionFeed
  readonly view: TopicView
  readonly leaderEpoch: number
}

export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: ResolvedConsumerOptions
  readonly #onNews: () => void
  readonly #pool: BrokerPool
  readonly #feeds: PartitionFeed[] = []
  readonly #busyBrokers = new Set<number>()
  readonly #refreshing = new Set<string>()
  #bufferedBytes = 0
  #isClosed = false
  #isPlanned = false
  #timer: Timer | null = null

  /** `onNews` is called when a feed has got something for its reader. */
  constructor(cluster: Cluster, options: ResolvedConsumerOptions, onNews: () => void) {
    this.#cluster = cluster
    this.#options = options
    this.#onNews = onNews
    this.#pool = new BrokerPool(cluster.settings)
  }

  add(feeds: readonly PartitionFeed[]): void {
    this.#feeds.push(...feeds)
    this.plan()
  }

  /** Something changed that may let a request leave. */
  plan(): void {
    if (this.#isPlanned || this.#isClosed) return
    this.#isPlanned = true
    this.#cluster.settings.runtime.clock.defer(() => {
      this.#isPlanned = false
      this.#plan()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#pool.close()
  }

  #plan(): void {
    if (this.#isClosed) return
    const now = this.#cluster.nowMs
    const byLeader = new Map<number, Target[]>()
    let wakeAtMs = Number.POSITIVE_INFINITY
    this.#bufferedBytes = this.#feeds.reduce((sum, feed) => sum + feed.bufferedBytes, 0)
    for (const feed of this.#feeds) {
      if (feed.isFetching || feed.isFetched || !this.#hasRoom(feed)) continue
      if (feed.retryAtMs > now) wakeAtMs = Math.min(wakeAtMs, feed.retryAtMs)
      else this.#assignToLeader(feed, byLeader)
    }
    for (const [leaderId, targets] of byLeader) {
      if (!this.#busyBrokers.has(leaderId)) void this.#fetch(leaderId, targets)
    }
    this.#timer?.cancel()
    this.#timer =
      wakeAtMs === Number.POSITIVE_INFINITY
        ? null
        : this.#cluster.settings.runtime.clock.setTimer(Math.max(0, wakeAtMs - now), () => this.#plan())
  }

  #hasRoom(feed: PartitionFeed): boolean {
    return feed.bufferedBytes < this.#options.maxPartitionBytes && this.#bufferedBytes < this.#options.maxBufferedBytes
  }

  #assignToLeader(feed: PartitionFeed, byLeader: Map<number, Target[]>): void {
    const view = this.#cluster.peek(feed.topic)
    if (view === undefined) {
      this.#refresh(feed.topic)
      return
    }
    const partition = view.partitions[feed.partition]
    if (partition?.leaderId == null) {
      this.#cluster.invalidate(feed.topic)
      const code = partition === undefined ? ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION : ERROR_CODES.LEADER_NOT_AVAILABLE
      this.#postpone(feed, brokerError(code, feed))
      this.plan()
      return
    }
    const target = { feed, view, leaderEpoch: partition.leaderEpoch }
    const targets = byLeader.get(partition.leaderId)
    if (targets === undefined) byLeader.set(partition.leaderId, [target])
    else targets.push(target)
  }

  #refresh(topic: string): void {
    if (this.#refreshing.has(topic)) return
    this.#refreshing.add(topic)
    this.#cluster.topic(topic).then(
      () => {
        this.#refreshing.delete(topic)
        this.plan()
      },
      (reason: unknown) => {
        this.#refreshing.delete(topic)
        const error = asClientError(reason, CLIENT_ERROR_CODES.unreachable)
        for (const feed of this.#feeds) if (feed.topic === topic) this.#onError(feed, error)
        this.plan()
      },
    )
  }

  /** Never rejects: what goes wrong goes to the feeds. */
  async #fetch(leaderId: number, targets: readonly Target[]): Promise<void> {
    this.#busyBrokers.add(leaderId)
    for (const { feed } of targets) feed.isFetching = true
    try {
      const { response, byId } = await this.#request(leaderId, targets)
      if (this.#isClosed) return
      if (response.errorCode !== ERROR_CODES.NONE) throw brokerError(response.errorCode)
      for (const topic of response.responses) {
        for (const entry of topic.partitions) {
          const target = targets.find(
            ({ feed, view }) => feed.partition === entry.partitionIndex && (byId ? view.topicId === topic.topicId : feed.topic === topic.topic),
          )
          if (target !== undefined) this.#take(target.feed, entry)
        }
      }
    } catch (reason) {
      const error = asClientError(reason, CLIENT_ERROR_CODES.malformedResponse)
      for (const { feed } of targets) {
        // A broker that cannot be reached may have lost its partitions to another one.
        this.#cluster.invalidate(feed.topic)
        this.#onError(feed, error)
      }
    } finally {
      this.#busyBrokers.delete(leaderId)
      for (const { feed } of targets) feed.isFetching = false
      this.plan()
    }
  }

  async #request(leaderId: number, targets: readonly Target[]) {
    const { maxWaitMs, minBytes, maxBytes, isolationLevel } = this.#options
    const connection = await this.#cluster.connectionTo(leaderId, this.#pool)
    const hasIds = targets.every(({ view }) => view.topicId !== null)
    const timeoutMs = this.#cluster.settings.requestTimeoutMs + maxWaitMs
    const options = hasIds ? { timeoutMs } : { timeoutMs, maxVersion: LAST_VERSION_WITH_NAMES }
    const byId = connection.versionOf(fetchApi, options.maxVersion) > LAST_VERSION_WITH_NAMES
    const body = { replicaId: CONSUMER_REPLICA_ID, maxWaitMs, minBytes, maxBytes, isolationLevel: isolationCode(isolationLevel) }
    const response = await connection.request(fetchApi, { ...body, ...NO_SESSION, topics: this.#topicsOf(targets) }, options)
    return { response, byId }
  }

  #topicsOf(targets: readonly Target[]) {
    const topics = new Map<string, { topic: string; topicId: string; partitions: ReturnType<Fetcher['partitionOf']>[] }>()
    for (const target of targets) {
      const { name, topicId } = target.view
      const partition = this.partitionOf(target)
      const topic = topics.get(name)
      if (topic === undefined) topics.set(name, { topic: name, topicId: topicId ?? ZERO_UUID, partitions: [partition] })
      else topic.partitions.push(partition)
    }
    return [...topics.values()]
  }

  partitionOf({ feed, leaderEpoch }: Target) {
    return {
      partition: feed.partition,
      currentLeaderEpoch: leaderEpoch,
      fetchOffset: feed.fetchOffset,
      partitionMaxBytes: this.#options.maxPartitionBytes,
    }
  }

  #take(feed: PartitionFeed, entry: PartitionResponse): void {
    if (entry.errorCode === ERROR_CODES.OFFSET_OUT_OF_RANGE) this.#onOutOfRange(feed)
    else if (entry.errorCode !== ERROR_CODES.NONE) {
      if (meansStaleMetadata(entry.errorCode)) this.#cluster.invalidate(feed.topic)
      this.#onError(feed, brokerError(entry.errorCode, feed))
    } else {
      feed.failures = 0
      feed.failingSinceMs = null
      if (entry.records === null || entry.records.length === 0) return
      const isCommittedOnly = this.#options.isolationLevel === 'read_committed'
      const abortedTransactions = isCommittedOnly ? (entry.abortedTransactions ?? []) : null
      feed.fill({ bytes: entry.records, abortedTransactions, highWatermark: entry.highWatermark })
      this.#onNews()
    }
  }

  #onError(feed: PartitionFeed, error: ClientError): void {
    if (this.#isClosed) return
    if (error.isRetriable) this.#postpone(feed, error)
    else {
      feed.fail(error)
      this.#onNews()
    }
  }

  #postpone(feed: PartitionFeed, error: ClientError): void {
    const { settings, nowMs } = this.#cluster
    feed.failures += 1
    feed.failingSinceMs ??= nowMs
    feed.retryAtMs = nowMs + backoffMs(settings.retryBackoff, feed.failures, settings.runtime.random)
    if (nowMs - feed.failingSinceMs < this.#options.maxUnavailableMs) return
    feed.fail(error)
    this.#onNews()
  }

  /** The reader first gets what was fetched before; only then is the position moved, if that is what was asked for. */
  #onOutOfRange(feed: PartitionFeed): void {
    const { topic, partition, fetchOffset } = feed
    const target = this.#options.onOffsetOutOfRange
    if (target === 'error') {
      feed.fail(
        brokerError(
          ERROR_CODES.OFFSET_OUT_OF_RANGE,
          feed,
          `"${topic}" partition ${partition} does not have offset ${fetchOffset} (any more); set onOffsetOutOfRange to go on elsewhere`,
        ),
      )
      this.#onNews()
      return
    }
    if (feed.bufferedBytes > 0) {
      feed.retryAtMs = this.#cluster.nowMs + this.#cluster.settings.retryBackoff.baseMs
      return
    }
    feed.retryAtMs = Number.POSITIVE_INFINITY
    listOffsets(this.#cluster, [{ topic, partition, target }], this.#options.isolationLevel).then(
      ([answer]) => {
        feed.restart(answer?.offset ?? fetchOffset)
        feed.retryAtMs = 0
        this.plan()
      },
      (reason: unknown) => {
        feed.retryAtMs = 0
        this.#onError(feed, asClientError(reason, CLIENT_ERROR_CODES.unreachable))
        this.plan()
      },
    )
  }
}
