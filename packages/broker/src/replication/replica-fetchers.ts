/**
 * All that this broker fetches from others: one `LeaderFetcher` for each broker that leads something followed here. It follows
 * the roles of the partitions and the addresses of the leaders, and nothing else.
 */
import type { MetadataFeed } from '@millrace/metadata'
import { BufferPool } from '@millrace/runtime'
import type { Address } from '@millrace/runtime'
import { RequestMemory } from '../network/request-memory.ts'
import { type Followed, keyOf } from './fetch-schedule.ts'
import type { FollowedPartition, FollowedPartitions } from './followed-partition.ts'
import { type FetcherServices, LeaderFetcher } from './leader-fetcher.ts'

/** Answers under way, of all leaders together; one of them may go beyond it. */
const MEMORY_ANSWERS = 4
/** Buffers kept for the next large answers. */
const POOLED_BYTES = 16 * 1024 * 1024

export interface ReplicaFetchersOptions extends Omit<FetcherServices, 'memory'> {
  readonly partitions: FollowedPartitions
  readonly feed: MetadataFeed
}

/** Where a partition that follows stands. */
export interface ReplicaStatus {
  readonly topic: string
  readonly partition: number
  readonly leader: number
  readonly leaderEpoch: number
  readonly isConnected: boolean
  readonly status: 'ready' | 'busy' | 'delayed' | 'stopped'
  /** All below it is here; -1 where that is not known yet. */
  readonly fetchOffset: number
  /** Records below the leader's high watermark that are not here; -1 where that is not known yet. */
  readonly lag: number
}

interface Leader {
  readonly epoch: number
  readonly address: Address
}

export class ReplicaFetchers {
  readonly #options: ReplicaFetchersOptions
  readonly #services: FetcherServices
  readonly #fetchers = new Map<number, { readonly epoch: number; readonly fetcher: LeaderFetcher }>()
  readonly #unsubscribes: readonly (() => void)[]
  /** Partitions that something was said of since they were last arranged. */
  readonly #changed = new Set<FollowedPartition>()
  #isPlanned = false
  #isClosed = false

  constructor(options: ReplicaFetchersOptions) {
    this.#options = options
    const memory = new RequestMemory({
      pool: new BufferPool({ maxRetainedBytes: POOLED_BYTES }),
      maxBytes: MEMORY_ANSWERS * options.settings().responseMaxBytes,
      // Leaders send what they say that they send, and moving what came to a larger buffer would cost as much as the rest.
      eagerBytes: options.settings().responseMaxBytes,
    })
    this.#services = { ...options, memory }
    this.#unsubscribes = [
      options.partitions.onRolesChanged((changed) => {
        for (const partition of changed) this.#changed.add(partition)
        this.#plan()
      }),
      options.feed.subscribe((_image, { brokers }) => {
        if (brokers.size > 0) this.#plan()
      }),
    ]
    this.#plan()
  }

  /** Of one partition; null where it does not follow. */
  statusOf(topicId: string, index: number): ReplicaStatus | null {
    for (const { fetcher } of this.#fetchers.values()) {
      const followed = fetcher.get(keyOf(topicId, index))
      if (followed !== undefined) return statusOf(fetcher, followed)
    }
    return null
  }

  status(): ReplicaStatus[] {
    return Array.from(this.#fetchers.values()).flatMap(({ fetcher }) =>
      Array.from(fetcher.followed(), (followed) => statusOf(fetcher, followed)),
    )
  }

  close(): void {
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribes) unsubscribe()
    for (const { fetcher } of this.#fetchers.values()) fetcher.close()
    this.#fetchers.clear()
  }

  /** After the current turn: many roles change together. */
  #plan(): void {
    if (this.#isPlanned || this.#isClosed) return
    this.#isPlanned = true
    this.#options.clock.defer(() => {
      this.#isPlanned = false
      if (!this.#isClosed) this.#arrange()
    })
  }

  #arrange(): void {
    const leaderOf = new Map<string, number>()
    const wanted: FollowedPartition[] = []
    for (const partition of this.#options.partitions.followed()) {
      if (this.#leader(partition.image.leader) === null) continue
      leaderOf.set(keyOf(partition.topicId, partition.index), partition.image.leader)
      wanted.push(partition)
    }
    for (const [leaderId, { epoch, fetcher }] of this.#fetchers) {
      const leader = this.#leader(leaderId)
      const isSame = leader !== null && leader.epoch === epoch && isSameAddress(leader.address, fetcher.address)
      for (const { key } of fetcher.followed()) if (leaderOf.get(key) !== leaderId) fetcher.remove(key)
      if (isSame && fetcher.size > 0) continue
      fetcher.close()
      this.#fetchers.delete(leaderId)
    }
    for (const partition of wanted) {
      const fetcher = this.#fetcherOf(partition.image.leader)
      if (fetcher === null) continue
      if (!fetcher.has(partition)) fetcher.add(partition)
      else if (this.#changed.has(partition)) fetcher.lookAgain(partition)
    }
    this.#changed.clear()
  }

  #fetcherOf(leaderId: number): LeaderFetcher | null {
    const known = this.#fetchers.get(leaderId)
    if (known !== undefined) return known.fetcher
    const leader = this.#leader(leaderId)
    if (leader === null) return null
    const fetcher = new LeaderFetcher(leaderId, leader.address, this.#services)
    this.#fetchers.set(leaderId, { epoch: leader.epoch, fetcher })
    return fetcher
  }

  /** Null for no leader, and for ourselves. */
  #leader(leaderId: number): Leader | null {
    const broker = leaderId === this.#options.nodeId ? undefined : this.#options.feed.image().brokers.get(leaderId)
    const listener = broker?.listeners[0]
    return broker === undefined || listener === undefined
      ? null
      : { epoch: broker.epoch, address: { host: listener.host, port: listener.port } }
  }
}

function statusOf(fetcher: LeaderFetcher, { partition, leaderEpoch, status, lastFetchOffset, highWatermark }: Followed): ReplicaStatus {
  return {
    topic: partition.topic,
    partition: partition.index,
    leader: fetcher.leaderId,
    leaderEpoch,
    isConnected: fetcher.isConnected,
    status,
    fetchOffset: lastFetchOffset,
    lag: highWatermark < 0 || lastFetchOffset < 0 ? -1 : Math.max(0, highWatermark - lastFetchOffset),
  }
}

function isSameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port
}
