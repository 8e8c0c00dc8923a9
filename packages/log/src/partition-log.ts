/**
 * The log of one partition: appended to at one end, read anywhere, cut at either.
 *
 * An append has three steps. `stage` gives batches their place and refuses what must not be appended; `commitStaged` writes
 * all of them in one go, after which they can be read; `flush` makes them survive a power cut. Between staging and commit no
 * other turn of the event loop may come, since staged batches lie in buffers that are reused.
 *
 * Invariants: `logStartOffset <= durableEndOffset <= logEndOffset`; what is written never changes; a failed write leaves the
 * log as it was, and a failed sync takes the directory offline for good.
 */
import { DiskError, invariant } from '@millrace/runtime'
import type { AppendOptions, AppendOutcome } from './append-stage.ts'
import { DerivedStore } from './derived-store.ts'
import { isFinal, STORAGE_ERROR_CODES, StorageError, toStorageError } from './errors.ts'
import type { EpochEndOffset, LeaderEpochCache } from './leader-epoch-cache.ts'
import { LogAppender, type LogEnd } from './log-appender.ts'
import type { LogConfig } from './log-config.ts'
import type { LogEnvironment } from './log-environment.ts'
import { type LogPosition, LogReader, type ReadOptions, type ReadResult } from './log-reader.ts'
import type { ProducerEntry } from './producer-state/producer-entry.ts'
import type { ProducerState } from './producer-state/producer-state.ts'
import { removeNeedlessSnapshots } from './producer-state/snapshot-files.ts'
import type { LoadedLog } from './recovery/loaded-log.ts'
import type { Segment } from './segment.ts'
import { setSegmentAside } from './segment-files.ts'
import type { SegmentList } from './segment-list.ts'
import { LogTail } from './tail-cache.ts'
import { findMaxTimestamp, findTimestamp, type TimestampedOffset } from './timestamp-search.ts'
import type { AbortedTransaction } from './transaction-index.ts'
import { UnsyncedFiles } from './unsynced-files.ts'

const UNKNOWN_POSITION = -1

export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly directory: string
  readonly #environment: LogEnvironment
  readonly #segments: SegmentList
  readonly #producers: ProducerState
  readonly #epochs: LeaderEpochCache
  readonly #appender: LogAppender
  readonly #reader: LogReader
  readonly #tail: LogTail
  #logStartOffset: number
  #durable: LogEnd
  #highWatermark = 0
  /** Where this life of the process began to write. */
  readonly #hotFrom: LogPosition
  readonly #unsynced: UnsyncedFiles
  #flushing: Promise<void> | null = null
  #flushQueued: Promise<void> | null = null
  readonly #derived: DerivedStore
  #isClosed = false

  /** Called whenever `durableEndOffset` has moved. */
  onDurable: () => void = () => {}

  constructor(environment: LogEnvironment, config: LogConfig, loaded: LoadedLog) {
    this.#environment = environment
    this.topic = loaded.topic
    this.partition = loaded.partition
    this.topicId = loaded.topicId
    this.directory = loaded.directory
    this.#segments = loaded.segments
    this.#producers = loaded.producers
    this.#epochs = loaded.epochs
    this.#logStartOffset = loaded.logStartOffset
    this.#highWatermark = loaded.logStartOffset
    this.#tail = new LogTail(environment.tailCache)
    this.#reader = new LogReader(loaded.segments, this.#tail)
    this.#unsynced = new UnsyncedFiles(loaded.directory, loaded.unsynced, loaded.isDirectoryUnsynced)
    this.#appender = new LogAppender(environment, config, loaded, this.#tail, this.#unsynced)
    this.#hotFrom = this.#appender.end
    this.#derived = new DerivedStore(environment, loaded, this.#unsynced, loaded.isDerivedStored ? loaded.logEndOffset : -1)
    this.#durable = this.#appender.end
    if (!loaded.isAllDurable) this.#durable = { ...this.#durable, offset: loaded.durableEndOffset, position: UNKNOWN_POSITION }
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get logEndOffset(): number {
    return this.#appender.logEndOffset
  }

  /** Everything below survives a power cut. */
  get durableEndOffset(): number {
    return this.#durable.offset
  }

  get unflushedBytes(): number {
    return this.#appender.unflushedBytes
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  get config(): LogConfig {
    return this.#appender.config
  }

  /** -1 for a log that no leader appended to. */
  get latestLeaderEpoch(): number {
    return this.#epochs.latestEpoch ?? -1
  }

  get leaderEpochs(): LeaderEpochCache {
    return this.#epochs
  }

  get sizeInBytes(): number {
    return this.#segments.sizeInBytes
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** For the work that goes on beside reads and appends: retention, compaction, checkpoints. */
  get segments(): SegmentList {
    return this.#segments
  }

  get producerState(): ProducerState {
    return this.#producers
  }

  setConfig(config: LogConfig): void {
    this.#appender.setConfig(config)
  }

  setHighWatermark(highWatermark: number): void {
    invariant(highWatermark <= this.logEndOffset, 'the high watermark is within the log')
    this.#highWatermark = highWatermark
    this.#producers.setHighWatermark(highWatermark)
    if (highWatermark === this.logEndOffset) this.#reader.remember(this.#appender.end)
    else if (highWatermark === this.#durable.offset && this.#durable.position !== UNKNOWN_POSITION) this.#reader.remember(this.#durable)
  }

  /** What readers that want only committed transactions see the end of. */
  lastStableOffset(highWatermark: number): number {
    const firstUnstableOffset = this.#producers.firstUnstableOffset() ?? highWatermark
    return Math.min(Math.max(firstUnstableOffset, this.#logStartOffset), highWatermark)
  }

  /** Throws a `StorageError` when the directory is offline or the log closed. */
  stage(batch: Uint8Array, options: AppendOptions): AppendOutcome {
    this.#assertUsable()
    return this.#appender.stage(batch, options)
  }

  /**
   * Writes what was staged. Throws a `StorageError` when it could not be written, and then nothing of it was appended, unless
   * a segment boundary lay between: what was written before that stays.
   */
  commitStaged(): void {
    try {
      this.#assertUsable()
      this.#appender.commit()
    } catch (error) {
      this.#appender.drop()
      throw this.#failed(error)
    }
  }

  /** `stage` and `commitStaged` in one. */
  append(batch: Uint8Array, options: AppendOptions): AppendOutcome {
    const outcome = this.stage(batch, options)
    if (outcome.type === 'staged') this.commitStaged()
    return outcome
  }

  /**
   * Makes everything that is written now durable. Callers that come while a flush is under way share the next one. Rejects
   * with a `StorageError`, which is final.
   */
  flush(): Promise<void> {
    if (this.#flushing === null) {
      this.#flushing = this.#flush().finally(() => {
        this.#flushing = null
      })
      return this.#flushing
    }
    this.#flushQueued ??= this.#flushing.then(() => {
      this.#flushQueued = null
      return this.flush()
    })
    return this.#flushQueued
  }

  /** Throws a `StorageError`. Offsets outside the log give nothing. */
  read(options: ReadOptions): ReadResult {
    this.#assertUsable()
    try {
      return this.#reader.read(options, this.#appender.end, this.#hotFrom)
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** Transactions aborted within `[fromOffset, toOffset)`, in the order of their markers. */
  abortedTransactions(fromOffset: number, toOffset: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (const segment of this.#segments) {
      if (segment.transactionIndex.entries.count === 0) continue
      for (const transaction of segment.transactionIndex.all()) {
        if (transaction.lastOffset >= fromOffset && transaction.firstOffset < toOffset) found.push(transaction)
        if (transaction.lastStableOffset >= toOffset) return found
      }
    }
    return found
  }

  /** The first record that is not older than `timestampMs`; null when there is none. Rejects with a `StorageError`. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampedOffset | null> {
    this.#assertUsable()
    return findTimestamp(this.#environment, this, timestampMs)
  }

  /** The record with the largest timestamp, the first of several; null in an empty log. Rejects with a `StorageError`. */
  maxTimestampOffset(): Promise<TimestampedOffset | null> {
    this.#assertUsable()
    return findMaxTimestamp(this.#environment, this)
  }

  endOffsetForEpoch(epoch: number): EpochEndOffset | null {
    return this.#epochs.endOffsetFor(epoch, this.logEndOffset)
  }

  /** -1 for offsets before the first epoch that is known. */
  leaderEpochAt(offset: number): number {
    return this.#epochs.epochAt(offset) ?? -1
  }

  /** A leader of this epoch appends from `startOffset` on. */
  assignLeaderEpoch(epoch: number, startOffset: number): void {
    this.#epochs.assign(epoch, startOffset)
  }

  /** All producers that are remembered. */
  producers(): Iterable<ProducerEntry> {
    return this.#producers.entries()
  }

  /** First offset of the transaction that has been open longest, null without one. */
  firstOpenTransactionOffset(): number | null {
    return this.#producers.firstOpenTransactionOffset()
  }

  /** Records below `offset` are gone for readers. Segments that hold nothing else go later, by retention. */
  deleteRecordsBefore(offset: number): void {
    this.#assertUsable()
    invariant(offset <= this.#highWatermark, 'only what is below the high watermark is deleted')
    if (offset <= this.#logStartOffset) return
    this.#logStartOffset = offset
    this.#epochs.truncateFromStart(offset)
  }

  /** Segments from the first on that nobody needs any more are removed; an active one among them is followed by an empty one. */
  removeSegments(segments: readonly Segment[]): void {
    this.#assertUsable()
    try {
      if (segments.includes(this.#segments.active)) this.#appender.roll()
      for (const segment of segments) {
        invariant(segment === this.#segments.first, 'segments go from the first on')
        this.#segments.remove(segment)
        this.#logStartOffset = Math.max(this.#logStartOffset, this.#segments.first.baseOffset)
        this.#discard(segment)
      }
    } catch (error) {
      throw this.#failed(error)
    }
    this.#reader.forget()
    this.#unsynced.addDirectory()
    this.#epochs.truncateFromStart(this.#logStartOffset)
    removeNeedlessSnapshots(this.#environment, this.directory, this.#segments)
  }

  /** Compaction put other segments in the place of these; their files are in place already. */
  segmentsReplaced(replaced: readonly Segment[], replacements: readonly Segment[]): void {
    this.#segments.replace(replaced, replacements)
    const { offset, segment } = this.#durable
    // What is replaced is durable as a whole, so the durable part ends at its end, or in a segment that stays.
    if (replaced.includes(segment)) this.#durable = { ...this.#durable, segment: this.#segments.floor(offset), position: 0 }
    this.#reader.forget()
    this.#unsynced.addDirectory()
    for (const segment of replaced) this.#unsynced.drop(segment.slots)
  }

  /** Ends the active segment, if anything is in it. Throws a `StorageError`. */
  roll(): void {
    this.#assertUsable()
    if (this.#segments.active.sizeBytes === 0) return
    try {
      this.#appender.roll()
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** Rolls a segment that is older than `segment.ms`, so that retention and compaction reach quiet logs too. */
  rollIfOld(nowMs: number): void {
    const { active } = this.#segments
    if (active.sizeBytes > 0 && this.#appender.isOld(active, nowMs)) this.roll()
  }

  /** Where the durable part ends; null until it moved for the first time after a crash. */
  get durablePosition(): LogEnd | null {
    return this.#durable.position === UNKNOWN_POSITION ? null : this.#durable
  }

  /** Stores of what is derived so much that a start after a crash has little to read. Throws a `DiskError`. */
  writeDerivedBehind(): void {
    this.#derived.storeBehind(this.logEndOffset)
  }

  /** Stores all that is derived and kept in memory, so that the next start need not rebuild it. Throws a `DiskError`. */
  writeDerived(): void {
    this.#derived.store(this.logEndOffset)
  }

  /** Lets go of the files. What was appended and not flushed is in the page cache. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#tail.clear()
    for (const segment of this.#segments) segment.close()
  }

  #discard(segment: Segment): void {
    this.#unsynced.drop([...segment.slots, segment.transactionIndex.entries.slot])
    this.#environment.removals.add(setSegmentAside(this.#environment, segment), this.config.fileDeleteDelayMs)
  }

  async #flush(): Promise<void> {
    this.#assertUsable()
    try {
      this.#segments.active.transactionIndex.entries.writeNew()
    } catch (error) {
      throw this.#failed(error)
    }
    const { end, unflushedBytes } = this.#appender
    try {
      await this.#unsynced.sync(this.#environment)
    } catch (error) {
      // A log that was deleted meanwhile has lost its directory, and nobody needs what was in it.
      throw this.#isClosed ? this.#closedError() : this.#syncFailed(error)
    }
    this.#appender.flushed(unflushedBytes)
    const before = this.#durable
    if (end.offset < before.offset) return
    this.#durable = end
    if (end.offset > before.offset) this.onDurable()
  }

  /** A sync that failed may have lost what it was to save, and a second one would not say so. */
  #syncFailed(error: unknown): StorageError {
    const reason = toStorageError(error, this.directory)
    const final = isFinal(reason) ? reason : new StorageError(STORAGE_ERROR_CODES.offline, this.directory, reason.message, { cause: error })
    this.#environment.fail(final)
    return final
  }

  #failed(error: unknown): unknown {
    if (!(error instanceof StorageError || error instanceof DiskError)) return error
    const reason = toStorageError(error, this.directory)
    if (isFinal(reason)) this.#environment.fail(reason)
    return reason
  }

  #assertUsable(): void {
    const offline = this.#environment.offlineError()
    if (offline !== null) throw offline
    if (this.#isClosed) throw this.#closedError()
  }

  #closedError(): StorageError {
    return new StorageError(STORAGE_ERROR_CODES.closed, this.directory, `the log of ${this.topic}-${this.partition} is closed`)
  }
}
