/**
 * Keeps the feeds of a consumer filled: one Fetch request at a time to each broker, for all the partitions that it leads
 * and that have room. A reader that falls behind is not fetched for; that is the back pressure.
 *
 * A request must not sit at the broker for partitions without news while the reader empties others: as long as one of a
 * broker's partitions has no room, requests to it do not wait, and one that brought nothing is followed by a pause.
 *
 * Requests carry no session: each names its partitions. Like the producer's sender, everything is decided in one place
 * (`#plan`), which any change calls again.
 */
import { type Decoded, ERROR_CODES, fetchApi, type fetchResponse, ZERO_UUID } from '@millrace/protocol'
import { backoffMs, type Timer } from '@millrace/runtime'
import { asClientError, brokerError, CLIENT_ERROR_CODES, type ClientError } from '../errors.ts'
import { meansStaleMetadata } from '../kafka-errors.ts'
import { groupByTopic } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { TopicView } from '../metadata/topic-view.ts'
import { BrokerPool } from '../network/broker-pool.ts'
import { isolationCode, listOffsets } from '../offsets/list-offsets.ts'
import { outOfRange } from './assigned-range.ts'
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
  /** When a broker that had no news is asked again while some of its partitions have no room; on the monotonic clock. */
  readonly #pausedUntilMs = new Map<number, number>()
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
    const fullBrokers = new Set<number>()
    for (const feed of this.#feeds) {
      if (feed.isFetching || feed.isFetched) continue
      if (!this.#hasRoom(feed)) fullBrokers.add(this.#leaderOf(feed))
      else if (feed.retryAtMs > now) wakeAtMs = Math.min(wakeAtMs, feed.retryAtMs)
      else this.#assignToLeader(feed, byLeader)
    }
    for (const [leaderId, targets] of byLeader) {
      if (this.#busyBrokers.has(leaderId)) continue
      const isFull = fullBrokers.has(leaderId)
      const pausedUntilMs = isFull ? (this.#pausedUntilMs.get(leaderId) ?? 0) : 0
      if (pausedUntilMs > now) wakeAtMs = Math.min(wakeAtMs, pausedUntilMs)
      else void this.#fetch(leaderId, targets, isFull ? 0 : this.#options.maxWaitMs)
    }
    this.#timer?.cancel()
    this.#timer =
      wakeAtMs === Number.POSITIVE_INFINITY
        ? null
        : this.#cluster.settings.runtime.clock.setTimer(Math.max(0, wakeAtMs - now), () => this.#plan())
  }

  /** One answer may wait for the reader while the next one is fetched. */
  #hasRoom(feed: PartitionFeed): boolean {
    return feed.bufferedBytes <= this.#options.maxPartitionBytes && this.#bufferedBytes < this.#options.maxBufferedBytes
  }

  #leaderOf(feed: PartitionFeed): number {
    return this.#cluster.peek(feed.topic)?.partitions[feed.partition]?.leaderId ?? -1
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
  async #fetch(leaderId: number, targets: readonly Target[], maxWaitMs: number): Promise<void> {
    this.#busyBrokers.add(leaderId)
    for (const { feed } of targets) feed.isFetching = true
    try {
      const { response, byId } = await this.#request(leaderId, targets, maxWaitMs)
      if (this.#isClosed) return
      if (response.errorCode !== ERROR_CODES.NONE) throw brokerError(response.errorCode)
      const byPartition = new Map(targets.map(({ feed, view }) => [`${byId ? view.topicId : feed.topic} ${feed.partition}`, feed] as const))
      let hasNews = false
      for (const topic of response.responses) {
        for (const entry of topic.partitions) {
          const feed = byPartition.get(`${byId ? topic.topicId : topic.topic} ${entry.partitionIndex}`)
          if (feed !== undefined && this.#take(feed, entry)) hasNews = true
        }
      }
      if (!hasNews) this.#pausedUntilMs.set(leaderId, this.#cluster.nowMs + this.#options.maxWaitMs)
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

  async #request(leaderId: number, targets: readonly Target[], maxWaitMs: number) {
    const { minBytes, maxBytes, isolationLevel } = this.#options
    const connection = await this.#cluster.connectionTo(leaderId, this.#pool)
    const hasIds = targets.every(({ view }) => view.topicId !== null)
    const timeoutMs = this.#cluster.settings.requestTimeoutMs + maxWaitMs
    const options = hasIds ? { timeoutMs } : { timeoutMs, maxVersion: LAST_VERSION_WITH_NAMES }
    const byId = connection.versionOf(fetchApi, options.maxVersion) > LAST_VERSION_WITH_NAMES
    const body = { replicaId: CONSUMER_REPLICA_ID, maxWaitMs, minBytes, maxBytes, isolationLevel: isolationCode(isolationLevel) }
    const response = await connection.request(
      fetchApi,
      { ...body, ...NO_SESSION, topics: topicsOf(targets, this.#options.maxPartitionBytes) },
      options,
    )
    return { response, byId }
  }

  /** Returns whether the answer says anything about the partition. */
  #take(feed: PartitionFeed, entry: PartitionResponse): boolean {
    if (entry.errorCode === ERROR_CODES.OFFSET_OUT_OF_RANGE) {
      this.#onOutOfRange(feed)
      return true
    }
    if (entry.errorCode !== ERROR_CODES.NONE) {
      if (meansStaleMetadata(entry.errorCode)) this.#cluster.invalidate(feed.topic)
      this.#onError(feed, brokerError(entry.errorCode, feed))
      return true
    }
    feed.failures = 0
    feed.failingSinceMs = null
    if (entry.records === null || entry.records.length === 0) return false
    const isCommittedOnly = this.#options.isolationLevel === 'read_committed'
    const abortedTransactions = isCommittedOnly ? (entry.abortedTransactions ?? []) : null
    feed.fill({ bytes: entry.records, abortedTransactions, highWatermark: entry.highWatermark })
    this.#onNews()
    return true
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
      feed.fail(outOfRange(topic, partition, fetchOffset))
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

function topicsOf(targets: readonly Target[], partitionMaxBytes: number) {
  const ids = new Map(targets.map(({ view }) => [view.name, view.topicId ?? ZERO_UUID]))
  const named = targets.map((target) => ({ ...target, topic: target.feed.topic, partition: target.feed.partition }))
  return groupByTopic(named, ({ feed, leaderEpoch }) => ({
    partition: feed.partition,
    currentLeaderEpoch: leaderEpoch,
    fetchOffset: feed.fetchOffset,
    partitionMaxBytes,
  })).map(({ name, partitions }) => ({ topic: name, topicId: ids.get(name) ?? ZERO_UUID, partitions }))
}
