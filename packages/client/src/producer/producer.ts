/**
 * Sends records and says where each one ended up.
 *
 * `send` takes a record, chooses its partition and adds it to a batch; the sender does the rest. When too much is on its
 * way, `send` waits before it takes more: a caller who awaits `ready()` between sends never holds more than the buffer.
 * Records of one topic are taken in the order of the calls, also while they wait for room or for the topic's metadata.
 */
import { CLIENT_ERROR_CODES, asClientError, ClientError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import type { TopicView } from '../metadata/topic-view.ts'
import { StickyPartitioner, partitionOfKey } from './partitioner.ts'
import type { DeliveryPromise } from './pending-batch.ts'
import { type ProducerOptions, type ResolvedProducerOptions, resolveProducerOptions } from './producer-options.ts'
import { type Delivery, type EncodedRecord, encodeRecord, type ProducerRecord, sizeOf } from './record.ts'
import { Sender } from './sender.ts'

/** A record that was given to `send` and is not in a batch yet. */
interface Admission {
  readonly record: EncodedRecord
  readonly sizeBytes: number
  readonly partition: number | undefined
  readonly promise: DeliveryPromise
}

interface TopicEntry {
  readonly name: string
  /** The last known view, also when out of date: the number of partitions is all that is read from it here. */
  view: TopicView | null
  available: readonly number[]
  /** In the order of the calls. Everything behind the first waits with it. */
  readonly waiting: Admission[]
  isLookingUp: boolean
}

export class Producer implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #sender: Sender
  readonly #partitioner: StickyPartitioner
  readonly #topics = new Map<string, TopicEntry>()
  #waitingCount = 0
  #readyWaiters: (() => void)[] = []
  #idleWaiters: (() => void)[] = []
  readonly #onClosed: () => void
  #closing: Promise<void> | null = null

  /** `onClosed` is called once, when it is closed. */
  constructor(cluster: Cluster, options: ProducerOptions = {}, onClosed: () => void = () => {}) {
    this.#cluster = cluster
    this.#onClosed = onClosed
    this.#options = resolveProducerOptions(options)
    this.#partitioner = new StickyPartitioner(cluster.settings.runtime.random, this.#options.batchBytes)
    this.#sender = new Sender(cluster, this.#options, () => this.#onSettled())
  }

  /** Bytes that are on their way or in batches. */
  get bufferedBytes(): number {
    return this.#sender.bufferedBytes
  }

  /** Resolves when the record is delivered as `acks` says. Rejects with a `ClientError`. */
  send(record: ProducerRecord): Promise<Delivery> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closedError()
      const encoded = encodeRecord(record, this.#cluster.settings.runtime.clock.now())
      const admission = { record: encoded, sizeBytes: sizeOf(encoded), partition: record.partition, promise: { resolve, reject } }
      const topic = this.#topic(record.topic)
      if (topic.waiting.length > 0 || topic.view === null || !this.#hasRoom) {
        topic.waiting.push(admission)
        this.#waitingCount += 1
        if (topic.view === null) this.#lookUp(topic)
      } else this.#admit(topic, topic.view, admission)
    })
  }

  /** Resolves when `send` would take a record at once. Await it between sends instead of every delivery. */
  async ready(): Promise<void> {
    while (!this.#isClosed && !(this.#hasRoom && this.#waitingCount === 0)) {
      await new Promise<void>((resolve) => this.#readyWaiters.push(resolve))
    }
  }

  /** Sends what waits without lingering and resolves when everything taken so far is delivered or has failed. */
  async flush(): Promise<void> {
    this.#sender.startFlush()
    try {
      while (this.#waitingCount > 0 || this.#sender.bufferedBytes > 0) {
        await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
      }
    } finally {
      this.#sender.endFlush()
    }
  }

  /** Flushes, then ends the connections. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #isClosed(): boolean {
    return this.#closing !== null
  }

  async #close(): Promise<void> {
    await this.flush()
    this.#sender.close()
    this.#wakeAll()
    this.#onClosed()
  }

  get #hasRoom(): boolean {
    return this.#sender.bufferedBytes < this.#options.maxBufferedBytes
  }

  #topic(name: string): TopicEntry {
    let entry = this.#topics.get(name)
    if (entry === undefined) {
      entry = { name, view: null, available: [], waiting: [], isLookingUp: false }
      this.#topics.set(name, entry)
    }
    this.#takeNewerView(entry)
    return entry
  }

  /** The sender refreshes metadata whenever a leader moves; new partitions come into use here. */
  #takeNewerView(entry: TopicEntry): void {
    const view = this.#cluster.peek(entry.name)
    if (view === undefined || view === entry.view) return
    entry.view = view
    entry.available = view.partitions.filter(({ leaderId }) => leaderId !== null).map(({ partition }) => partition)
  }

  #lookUp(topic: TopicEntry): void {
    if (topic.isLookingUp) return
    topic.isLookingUp = true
    const lookup = { allowAutoCreation: this.#options.allowAutoTopicCreation, timeoutMs: this.#options.topicTimeoutMs }
    this.#cluster.topic(topic.name, lookup).then(
      () => {
        topic.isLookingUp = false
        this.#takeNewerView(topic)
        this.#admitWaiting(topic)
      },
      (error: unknown) => {
        topic.isLookingUp = false
        this.#topics.delete(topic.name)
        this.#waitingCount -= topic.waiting.length
        const failure = asClientError(error, CLIENT_ERROR_CODES.unreachable)
        for (const { promise } of topic.waiting.splice(0)) promise.reject(failure)
        this.#wake()
      },
    )
  }

  #admitWaiting(topic: TopicEntry): void {
    const { view } = topic
    if (view === null) return
    let admitted = 0
    for (const admission of topic.waiting) {
      if (!this.#hasRoom) break
      this.#admit(topic, view, admission)
      admitted += 1
    }
    topic.waiting.splice(0, admitted)
    this.#waitingCount -= admitted
  }

  #admit(topic: TopicEntry, view: TopicView, { record, sizeBytes, partition: wanted, promise }: Admission): void {
    const count = view.partitions.length
    const partition = wanted ?? this.#choosePartition(topic, record, sizeBytes, count)
    if (!Number.isInteger(partition) || partition < 0 || partition >= count) {
      const message = `topic "${topic.name}" has partitions 0 to ${count - 1}, not ${partition}`
      promise.reject(new ClientError(CLIENT_ERROR_CODES.invalidArgument, message, { topic: topic.name, partition }))
      return
    }
    this.#sender.add(topic.name, partition, record, sizeBytes, promise)
  }

  #choosePartition(topic: TopicEntry, record: EncodedRecord, sizeBytes: number, count: number): number {
    if (record.key !== null) return partitionOfKey(record.key, count)
    return this.#partitioner.choose(topic.name, sizeBytes, count, topic.available)
  }

  /** Something left the buffer. */
  #onSettled(): void {
    if (this.#waitingCount > 0 && this.#hasRoom) {
      for (const topic of this.#topics.values()) this.#admitWaiting(topic)
    }
    this.#wake()
  }

  #wake(): void {
    if (this.#hasRoom && this.#waitingCount === 0) wakeAndClear(this.#readyWaiters)
    if (this.#waitingCount === 0 && this.#sender.bufferedBytes === 0) wakeAndClear(this.#idleWaiters)
  }

  #wakeAll(): void {
    wakeAndClear(this.#readyWaiters)
    wakeAndClear(this.#idleWaiters)
  }
}

function wakeAndClear(waiters: (() => void)[]): void {
  for (const wake of waiters.splice(0)) wake()
}

function closedError(): ClientError {
  return new ClientError(CLIENT_ERROR_CODES.closed, 'the producer was closed')
}
