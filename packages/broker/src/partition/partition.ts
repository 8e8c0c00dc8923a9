/**
 * One partition that this broker hosts: its log, its high watermark, and those who wait for either to move.
 *
 * It owns the order of things on the produce path. A batch is staged (offsets assigned, nothing written), the turn's batches
 * are written together, then durability and the high watermark follow, and only then are the waiting produces and fetches
 * told. The log is opened at the first use, because a broker with ten thousand partitions must start at once.
 *
 * It never talks to a client and knows no wire format beyond the record batch.
 *
 * Invariants: `logStartOffset <= highWatermark <= logEndOffset` while the log is open; `highWatermark` never retreats.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { AppendOutcome, PartitionLog } from '@millrace/log'
import type { PartitionImage, TopicConfig } from '@millrace/metadata'
import type { Clock, Logger, Timer } from '@millrace/runtime'
import { nextHighWatermark } from '../replica/high-watermark.ts'

/** How long freshly written data of a `fsync` topic may wait for its flush when nobody waits for it. */
const IDLE_FLUSH_DELAY_MS = 5
/** How long data of a `replicated` topic may stay in the page cache alone, and how much of it. */
const BACKGROUND_FLUSH_DELAY_MS = 1_000
const BACKGROUND_FLUSH_BYTES = 64 * 1024 * 1024

export interface PartitionServices {
  readonly clock: Clock
  readonly logger: Logger
  openLog(topic: string, index: number, topicId: string, config: TopicConfig): Promise<PartitionLog>
}

/** Told once, when the batch is written or could not be. */
export type OnAppended = (errorCode: ErrorCode) => void

/** Waits until the high watermark reaches `requiredOffset`. */
export interface AcknowledgementWaiter {
  readonly requiredOffset: number
  onOutcome(errorCode: ErrorCode): void
}

/** Waits for something new to read. */
export interface VisibilityWaiter {
  /** More became visible, or the partition is no longer what it was. */
  onVisible(): void
}

export class Partition {
  readonly topic: string
  readonly index: number
  readonly topicId: string
  readonly #services: PartitionServices
  #config: TopicConfig
  #image: PartitionImage
  #log: PartitionLog | null = null
  #opening: Promise<PartitionLog> | null = null
  #isClosed = false
  #highWatermark = 0

  #staged: OnAppended[] = []
  /** Ascending by `requiredOffset`, as appends are. */
  #acknowledgementWaiters: AcknowledgementWaiter[] = []
  readonly #visibilityWaiters = new Set<VisibilityWaiter>()
  #flushTimer: Timer | null = null
  #isFlushing = false

  constructor(topic: string, index: number, topicId: string, image: PartitionImage, config: TopicConfig, services: PartitionServices) {
    this.topic = topic
    this.index = index
    this.topicId = topicId
    this.#image = image
    this.#config = config
    this.#services = services
  }

  /** The log if it is open. */
  get log(): PartitionLog | null {
    return this.#log
  }

  get config(): TopicConfig {
    return this.#config
  }

  get image(): PartitionImage {
    return this.#image
  }

  get leaderEpoch(): number {
    return this.#image.leaderEpoch
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** What `read_committed` readers see the end of. */
  get lastStableOffset(): number {
    return this.#log === null ? this.#highWatermark : this.#log.lastStableOffset(this.#highWatermark)
  }

  /** `acks=all` can be promised now. */
  get hasEnoughInSyncReplicas(): boolean {
    return this.#image.isr.length >= Math.min(this.#config.minInsyncReplicas, this.#image.replicas.length)
  }

  /** Follows the committed metadata. */
  update(image: PartitionImage, config: TopicConfig): void {
    const isNewEpoch = image.leaderEpoch !== this.#image.leaderEpoch
    this.#image = image
    this.#config = config
    this.#log?.setConfig(config)
    if (isNewEpoch) this.#log?.assignLeaderEpoch(image.leaderEpoch, this.#log.logEndOffset)
    this.#moveHighWatermark()
  }

  /** Opens the log, recovering it where it has to be. Rejects with the log's `StorageError`. */
  open(): Promise<PartitionLog> {
    if (this.#log !== null) return Promise.resolve(this.#log)
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #open(): Promise<PartitionLog> {
    const log = await this.#services.openLog(this.topic, this.index, this.topicId, this.#config)
    log.assignLeaderEpoch(this.leaderEpoch, log.logEndOffset)
    log.onDurable = () => this.#moveHighWatermark()
    this.#log = log
    this.#highWatermark = log.durableEndOffset
    log.setHighWatermark(this.#highWatermark)
    if (this.#isDirty) await log.flush()
    this.#moveHighWatermark()
    return log
  }

  /**
   * Gives a validated batch its place in the log. Call `commitStaged` before `batch` is reused; `onAppended` is told there.
   * It is not told when the outcome is already final (`duplicate`, `refused`).
   */
  stage(batch: Uint8Array, onAppended: OnAppended): AppendOutcome {
    const log = this.#log as PartitionLog
    const options = { leaderEpoch: this.leaderEpoch, origin: 'client' } as const
    let outcome = log.stage(batch, options)
    if (outcome.type === 'duplicate' && outcome.lastOffset >= log.logEndOffset) {
      // It repeats a batch of this very turn. Only when that one is written is there something to be a duplicate of.
      this.commitStaged()
      outcome = log.stage(batch, options)
    }
    if (outcome.type === 'staged') this.#staged.push(onAppended)
    return outcome
  }

  /** Writes what was staged and tells those who staged it. */
  commitStaged(): void {
    const log = this.#log
    const staged = this.#staged
    if (log === null || staged.length === 0) return
    this.#staged = []
    let errorCode: ErrorCode = ERROR_CODES.NONE
    try {
      log.commitStaged()
    } catch (error) {
      errorCode = ERROR_CODES.KAFKA_STORAGE_ERROR
      this.#services.logger.error('append failed', { topic: this.topic, partition: this.index, error })
    }
    for (const onAppended of staged) onAppended(errorCode)
    // Also after a failure: what lay before the end of a segment may be written.
    this.#moveHighWatermark()
    this.#scheduleFlush()
  }

  /** Tells the waiter when the high watermark is there; at once if it is, or if it never will be. */
  whenAcknowledged(waiter: AcknowledgementWaiter): void {
    if (waiter.requiredOffset <= this.#highWatermark) return waiter.onOutcome(ERROR_CODES.NONE)
    if (this.#isClosed) return waiter.onOutcome(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    const waiters = this.#acknowledgementWaiters
    let place = waiters.length
    while (place > 0 && (waiters[place - 1] as AcknowledgementWaiter).requiredOffset > waiter.requiredOffset) place -= 1
    waiters.splice(place, 0, waiter)
    this.#scheduleFlush()
  }

  cancelAcknowledgement(waiter: AcknowledgementWaiter): void {
    const place = this.#acknowledgementWaiters.lastIndexOf(waiter)
    if (place >= 0) this.#acknowledgementWaiters.splice(place, 1)
  }

  addVisibilityWaiter(waiter: VisibilityWaiter): void {
    this.#visibilityWaiters.add(waiter)
    this.#scheduleFlush()
  }

  removeVisibilityWaiter(waiter: VisibilityWaiter): void {
    this.#visibilityWaiters.delete(waiter)
  }

  /** The partition is gone or led elsewhere: everybody who waits is told. The log is closed or removed by its directory. */
  close(): void {
    this.#isClosed = true
    this.#flushTimer?.cancel()
    const waiters = this.#acknowledgementWaiters
    this.#acknowledgementWaiters = []
    for (const waiter of waiters) waiter.onOutcome(ERROR_CODES.NOT_LEADER_OR_FOLLOWER)
    this.#wakeReaders()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get #isDirty(): boolean {
    const log = this.#log
    return log !== null && log.durableEndOffset < log.logEndOffset
  }

  #moveHighWatermark(): void {
    const log = this.#log
    if (log === null) return
    const ownOffset = this.#config.durability === 'fsync' ? log.durableEndOffset : log.logEndOffset
    const next = nextHighWatermark({
      current: this.#highWatermark,
      inSyncOffsets: [ownOffset],
      minInsyncReplicas: this.#config.minInsyncReplicas,
      replicationFactor: this.#image.replicas.length,
    })
    if (next === this.#highWatermark) return
    this.#highWatermark = next
    log.setHighWatermark(next)
    const waiters = this.#acknowledgementWaiters
    let done = 0
    while (done < waiters.length && (waiters[done] as AcknowledgementWaiter).requiredOffset <= next) done += 1
    if (done > 0) for (const waiter of waiters.splice(0, done)) waiter.onOutcome(ERROR_CODES.NONE)
    this.#wakeReaders()
  }

  #wakeReaders(): void {
    // Waiters may leave and others come while they are told.
    for (const waiter of Array.from(this.#visibilityWaiters)) waiter.onVisible()
  }

  /**
   * Sees to it that what was written gets flushed: at once when somebody waits for it, else a little later, so that producers
   * who did not ask for durability do not pay for a flush a batch.
   */
  #scheduleFlush(): void {
    if (this.#isFlushing || !this.#isDirty || this.#isClosed) return
    const isAwaited = this.#acknowledgementWaiters.length > 0 || this.#visibilityWaiters.size > 0
    const { durability, flushMessages, flushMs } = this.#config
    if (durability === 'fsync' && isAwaited) return this.#flush()
    if (this.#unflushedBytes >= BACKGROUND_FLUSH_BYTES || this.#unflushedRecords >= flushMessages) return this.#flush()
    if (this.#flushTimer !== null) return
    const delayMs = durability === 'fsync' ? IDLE_FLUSH_DELAY_MS : Math.min(BACKGROUND_FLUSH_DELAY_MS, flushMs)
    this.#flushTimer = this.#services.clock.setTimer(delayMs, () => this.#flush())
  }

  get #unflushedBytes(): number {
    return this.#log?.unflushedBytes ?? 0
  }

  get #unflushedRecords(): number {
    const log = this.#log
    return log === null ? 0 : log.logEndOffset - log.durableEndOffset
  }

  #flush(): void {
    this.#flushTimer?.cancel()
    this.#flushTimer = null
    const log = this.#log
    if (log === null || this.#isClosed) return
    this.#isFlushing = true
    log.flush().then(
      () => {
        this.#isFlushing = false
        this.#scheduleFlush()
      },
      (error: unknown) => {
        this.#isFlushing = false
        this.#failWaiters(error)
      },
    )
  }

  /** A flush failed, which is final: nothing that waits for it can be acknowledged. */
  #failWaiters(error: unknown): void {
    if (this.#isClosed) return
    this.#services.logger.error('flush failed', { topic: this.topic, partition: this.index, error })
    const waiters = this.#acknowledgementWaiters
    this.#acknowledgementWaiters = []
    for (const waiter of waiters) waiter.onOutcome(ERROR_CODES.KAFKA_STORAGE_ERROR)
    this.#wakeReaders()
  }
}
