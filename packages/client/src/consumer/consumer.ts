/**
 * Reads partitions that it is told to read, from offsets that it is told: no group, nothing committed.
 *
 * Iterate it for records, or `batches()` for one record batch at a time, which is quicker. What the reader has not taken
 * yet is bounded; a slow reader slows the fetching. Iteration ends when every partition has reached its `until`, or when
 * the consumer is closed; an error that does not pass is thrown out of it.
 */
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { type PartitionName, partitionKey } from '../metadata/by-leader.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { resolveRanges } from './assigned-range.ts'
import {
  type Assignment,
  type ConsumedBatch,
  type ConsumedRecord,
  type ConsumerOptions,
  type ResolvedConsumerOptions,
  resolveConsumerOptions,
} from './consumer-options.ts'
import { Fetcher } from './fetcher.ts'
import { PartitionFeed } from './partition-feed.ts'

export class Consumer implements AsyncDisposable, AsyncIterable<ConsumedRecord> {
  readonly #cluster: Cluster
  readonly #options: ResolvedConsumerOptions
  readonly #fetcher: Fetcher
  readonly #feeds: PartitionFeed[] = []
  readonly #forgetClusterClose: () => void
  /** Where the search for the next batch begins, so that no partition starves another. */
  #turn = 0
  #isClosed = false
  #wake: () => void = () => {}

  constructor(cluster: Cluster, options: ConsumerOptions = {}) {
    this.#cluster = cluster
    this.#options = resolveConsumerOptions(options)
    this.#fetcher = new Fetcher(cluster, this.#options, () => this.#wake())
    this.#forgetClusterClose = cluster.closing.onClose(() => this.#close())
  }

  /** Adds partitions to read. Resolves when it is known where each starts and, with `until`, ends. */
  async assign(assignments: readonly Assignment[]): Promise<void> {
    const ranges = await resolveRanges(this.#cluster, assignments, this.#options)
    this.#assertNew(ranges)
    if (this.#isClosed) throw new ClientError(CLIENT_ERROR_CODES.closed, 'the consumer was closed')
    const { compression, crc32c } = this.#cluster.settings.runtime
    const tools = {
      crc32c,
      decompress: (codec: 'gzip' | 'snappy' | 'lz4' | 'zstd', bytes: Uint8Array) => compression.decompress(codec, bytes, MAX_BATCH_BYTES),
    }
    const feeds = ranges.map(({ topic, partition, startOffset, endOffset }) => {
      return new PartitionFeed(topic, partition, startOffset, endOffset, tools)
    })
    this.#feeds.push(...feeds)
    this.#fetcher.add(feeds)
    this.#wake()
  }

  /** The offset that is read next, or undefined for a partition that is not assigned. */
  position(topic: string, partition: number): number | undefined {
    return this.#feeds.find((feed) => feed.topic === topic && feed.partition === partition)?.position
  }

  /** The partitions that are read, with the next offset and the end. */
  positions(): readonly { readonly topic: string; readonly partition: number; readonly position: number; readonly endOffset: number }[] {
    return this.#feeds.map(({ topic, partition, position, endOffset }) => ({ topic, partition, position, endOffset }))
  }

  async *batches(): AsyncGenerator<ConsumedBatch, void, undefined> {
    while (!this.#isClosed) {
      const batch = this.#take()
      if (batch !== null) {
        yield batch
        continue
      }
      if (this.#feeds.length > 0 && this.#feeds.every((feed) => feed.isFinished)) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumedRecord, void, undefined> {
    for await (const batch of this.batches()) yield* batch.records
  }

  /** Ends the iteration and the connections. Idempotent. */
  async close(): Promise<void> {
    this.#close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#forgetClusterClose()
    this.#fetcher.close()
    this.#wake()
  }

  #take(): ConsumedBatch | null {
    for (let step = 0; step < this.#feeds.length; step++) {
      const index = (this.#turn + step) % this.#feeds.length
      const feed = this.#feeds[index]
      if (!feed?.hasNews) continue
      const batch = feed.take()
      // Whatever was taken made room.
      this.#fetcher.plan()
      if (batch === null) continue
      this.#turn = index + 1
      return batch
    }
    return null
  }

  #assertNew(ranges: readonly PartitionName[]): void {
    const assigned = new Set(this.#feeds.map(partitionKey))
    for (const { topic, partition } of ranges) {
      if (assigned.has(partitionKey({ topic, partition }))) {
        const message = `"${topic}" partition ${partition} is assigned already`
        throw new ClientError(CLIENT_ERROR_CODES.invalidArgument, message, { topic, partition })
      }
      assigned.add(partitionKey({ topic, partition }))
    }
  }
}

/** What a record batch may decompress to: no honest one is larger, and a bomb stops here. */
const MAX_BATCH_BYTES = 256 * 1024 * 1024
