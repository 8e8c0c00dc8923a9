/**
 * The log of one partition: appended to at one end, read anywhere, cut at either.
 *
 * An append has three steps. `stage` gives batches their place and refuses what must not be appended; `commitStaged` writes
 * all of them in one go, after which they can be read; `flush` makes them survive a power cut. Between staging and commit no
 * other turn of the event loop may come, since staged batches lie in buffers that are reused.
 *
 * A replica appends what its leader appended (`appendReplicated`) and drops what its leader does not have (`truncateTo`, `resetTo`).
 *
 * Invariants: `logStartOffset <= durableEndOffset <= logEndOffset`; what is written never changes until it is cut off; a failed
 * write leaves the log as it was, and a failed sync takes the directory offline for good.
 */
import { invariant } from '@millrace/runtime'
import type { AppendOptions, AppendOutcome } from './append-stage.ts'
import type { CutPlace } from './cutting/cut-place.ts'
import { LogCutter } from './cutting/log-cutter.ts'
import type { EpochFile } from './epoch-file.ts'
import type { EpochEndOffset, LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogAppender, LogEnd } from './log-appender.ts'
import type { LogConfig } from './log-config.ts'
import type { LogEnvironment } from './log-environment.ts'
import { LogFlusher } from './log-flusher.ts'
import { assembleLog, type LogParts } from './log-parts.ts'
import type { LogPosition, LogReader, ReadOptions, ReadResult } from './log-reader.ts'
import type { ProducerState } from './producer-state/producer-state.ts'
import { removeNeedlessSnapshots } from './producer-state/snapshot-files.ts'
import type { LoadedLog } from './recovery/loaded-log.ts'
import { type AppendedOffsets, replicatedBatches } from './replicated-batches.ts'
import type { Segment } from './segment.ts'
import { setSegmentAside } from './segment-files.ts'
import type { SegmentList } from './segment-list.ts'
import { findMaxTimestamp, findTimestamp, type TimestampedOffset } from './timestamp-search.ts'
import { type AbortedTransaction, abortedWithin } from './transaction-index.ts'

export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly directory: string
  readonly #environment: LogEnvironment
  readonly #parts: LogParts
  readonly #segments: SegmentList
  readonly #producers: ProducerState
  readonly #epochs: EpochFile
  readonly #appender: LogAppender
  readonly #reader: LogReader
  readonly #flusher: LogFlusher
  readonly #cutter: LogCutter
  #logStartOffset: number
  #highWatermark = 0
  /** Where this life of the process began to write, or where the log was cut before that. */
  #hotFrom: LogPosition

  /** Called whenever `durableEndOffset` has moved. */
  onDurable: () => void = () => {}
  /** Called whenever `logStartOffset` has moved. */
  onStartMoved: () => void = () => {}

  constructor(environment: LogEnvironment, config: LogConfig, loaded: LoadedLog) {
    this.topic = loaded.topic
    this.partition = loaded.partition
    this.topicId = loaded.topicId
    this.directory = loaded.directory
    this.#environment = environment
    const parts = assembleLog(environment, config, loaded)
    this.#parts = parts
    this.#segments = parts.segments
    this.#producers = parts.producers
    this.#epochs = parts.epochs
    this.#reader = parts.reader
    this.#appender = parts.appender
    this.#logStartOffset = loaded.logStartOffset
    this.#highWatermark = loaded.logStartOffset
    this.#hotFrom = parts.appender.end
    this.#flusher = new LogFlusher(environment, parts, loaded, () => this.onDurable())
    this.#cutter = new LogCutter(environment, parts, this.#flusher, {
      onCut: (place) => this.#onCut(place),
      onMoved: (offset) => this.#onMoved(offset),
    })
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get logEndOffset(): number {
    return this.#appender.logEndOffset
  }

  /** Everything below survives a power cut. */
  get durableEndOffset(): number {
    return this.#flusher.endOffset
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
    return this.#epochs.cache.latestEpoch ?? -1
  }

  get leaderEpochs(): LeaderEpochCache {
    return this.#epochs.cache
  }

  /** Batches from here on may not be acknowledged: the epoch that they are of is not stored yet. `flush` sees to it. */
  get storedEpochsEndOffset(): number {
    return this.#epochs.cache.unwrittenFrom ?? this.logEndOffset
  }

  /** Resolves when the leader epochs are stored. Rejects with a `DiskError`; it may be called again after one. */
  storeLeaderEpochs(): Promise<void> {
    return this.#epochs.write()
  }

  get sizeInBytes(): number {
    return this.#segments.sizeInBytes
  }

  get isClosed(): boolean {
    return this.#parts.health.isClosed
  }

  /** It is being cut: nothing is appended, rolled or flushed meanwhile. */
  get isBeingCut(): boolean {
    return this.#cutter.isCutting
  }

  /** How often it was cut since it was opened: what was known before a cut may not be so after it. */
  get cuts(): number {
    return this.#cutter.cuts
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
    else if (highWatermark === this.#flusher.endOffset && this.#flusher.end !== null) this.#reader.remember(this.#flusher.end)
  }

  /** What readers that want only committed transactions see the end of. */
  lastStableOffset(highWatermark: number): number {
    const firstUnstableOffset = this.#producers.firstUnstableOffset() ?? highWatermark
    return Math.min(Math.max(firstUnstableOffset, this.#logStartOffset), highWatermark)
  }

  /** Throws a `StorageError` when the directory is offline or the log closed. */
  stage(batch: Uint8Array, options: AppendOptions): AppendOutcome {
    this.#assertAppendable()
    return this.#appender.stage(batch, options)
  }

  /**
   * Writes what was staged. Throws a `StorageError` when it could not be written, and then nothing of it was appended, unless
   * a segment boundary lay between: what was written before that stays.
   */
  commitStaged(): void {
    try {
      this.#parts.health.assertUsable()
      this.#appender.commit()
    } catch (error) {
      this.#appender.drop()
      throw this.#parts.health.failed(error)
    }
  }

  /** `stage` and `commitStaged` in one. */
  append(batch: Uint8Array, options: AppendOptions): AppendOutcome {
    const outcome = this.stage(batch, options)
    if (outcome.type === 'staged') this.commitStaged()
    return outcome
  }

  /**
   * Appends batches of the leader's log as they lie there; a part of one at the end is ignored. Null when there is no whole one.
   * Throws a `LogCorruptError` when they cannot follow what this log holds, or are damaged, and then appends nothing; and a
   * `StorageError` as `commitStaged` does. What comes of a leader after `maxLeaderEpoch` is left out: the follower did not ask that one.
   */
  appendReplicated(bytes: Uint8Array, maxLeaderEpoch: number = Number.MAX_SAFE_INTEGER): AppendedOffsets | null {
    this.#assertAppendable()
    const batches = replicatedBatches(bytes, {
      crc32c: this.#environment.crc32c,
      directory: this.directory,
      logEndOffset: this.logEndOffset,
      latestLeaderEpoch: this.leaderEpochAt(this.logEndOffset - 1),
      maxLeaderEpoch,
      mayHaveGaps: this.config.cleanupPolicy.compact,
    })
    if (batches.length === 0) return null
    const firstOffset = this.logEndOffset
    this.#epochs.cache.dropEmpty(firstOffset)
    for (const batch of batches) this.#appender.stageReplicated(batch)
    this.commitStaged()
    return { firstOffset, lastOffset: this.logEndOffset - 1 }
  }

  /**
   * Cuts off everything from `offset` on; where it lies within a batch, the batch goes with it, and where records before it were
   * compacted away, the log ends after the last one there is. The cut is durable when this resolves. Nobody appends meanwhile.
   * Rejects with a `StorageError`: one of a full disk has changed nothing, any other leaves the log out of use.
   */
  truncateTo(offset: number): Promise<void> {
    invariant(offset >= this.#logStartOffset, 'a log is not cut below its start')
    return this.#cutter.truncateTo(offset, this.#logStartOffset)
  }

  /** Empties the log, which then begins and ends at `offset`, wherever it did before. As `truncateTo` otherwise. */
  resetTo(offset: number): Promise<void> {
    return this.#cutter.resetTo(offset)
  }

  /** For compaction: nothing else changes which segments there are below the active one until `work` is done. */
  changeSegments<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#cutter.alone(work)
  }

  /**
   * Makes everything that is written now durable. Callers that come while a flush is under way share the next one. Rejects
   * with a `StorageError`, which is final.
   */
  flush(): Promise<void> {
    return this.#flusher.flush()
  }

  /** Throws a `StorageError`. Offsets outside the log give nothing. */
  read(options: ReadOptions): ReadResult {
    this.#parts.health.assertUsable()
    try {
      return this.#reader.read(options, this.#appender.end, this.#hotFrom)
    } catch (error) {
      throw this.#parts.health.failed(error)
    }
  }

  /** Transactions aborted within `[fromOffset, toOffset)`, in the order of their markers. */
  abortedTransactions(fromOffset: number, toOffset: number): AbortedTransaction[] {
    return abortedWithin(this.#segments, fromOffset, toOffset)
  }

  /** The first record that is not older than `timestampMs`; null when there is none. Rejects with a `StorageError`. */
  offsetForTimestamp(timestampMs: number): Promise<TimestampedOffset | null> {
    this.#parts.health.assertUsable()
    return findTimestamp(this.#environment, this, timestampMs)
  }

  /** The record with the largest timestamp, the first of several; null in an empty log. Rejects with a `StorageError`. */
  maxTimestampOffset(): Promise<TimestampedOffset | null> {
    this.#parts.health.assertUsable()
    return findMaxTimestamp(this.#environment, this)
  }

  endOffsetForEpoch(epoch: number): EpochEndOffset | null {
    return this.#epochs.cache.endOffsetFor(epoch, this.logEndOffset)
  }

  /** -1 for offsets before the first epoch that is known. */
  leaderEpochAt(offset: number): number {
    return this.#epochs.cache.epochAt(offset) ?? -1
  }

  /** A leader of this epoch appends from `startOffset` on. */
  assignLeaderEpoch(epoch: number, startOffset: number): void {
    this.#epochs.cache.assign(epoch, startOffset)
  }

  /** Records below `offset` are gone for readers. Segments that hold nothing else go later, by retention. */
  deleteRecordsBefore(offset: number): void {
    this.#parts.health.assertUsable()
    invariant(offset <= this.#highWatermark, 'only what is below the high watermark is deleted')
    if (offset <= this.#logStartOffset) return
    this.#logStartOffset = offset
    this.#startMoved()
  }

  /** Segments from the first on that nobody needs any more are removed; an active one among them is followed by an empty one. */
  removeSegments(segments: readonly Segment[]): void {
    this.#parts.health.assertUsable()
    try {
      if (segments.includes(this.#segments.active)) this.#appender.roll()
      for (const segment of segments) {
        invariant(segment === this.#segments.first, 'segments go from the first on')
        this.#segments.remove(segment)
        this.#logStartOffset = Math.max(this.#logStartOffset, this.#segments.first.baseOffset)
        this.#discard(segment)
      }
    } catch (error) {
      throw this.#parts.health.failed(error)
    }
    this.#reader.forget()
    this.#parts.unsynced.addDirectory()
    this.#startMoved()
    removeNeedlessSnapshots(this.#environment, this.directory, this.#segments)
  }

  /** Compaction put other segments in the place of these; their files are in place already. */
  segmentsReplaced(replaced: readonly Segment[], replacements: readonly Segment[]): void {
    this.#segments.replace(replaced, replacements)
    this.#flusher.segmentsReplaced(replaced)
    this.#reader.forget()
    this.#parts.unsynced.addDirectory()
    for (const segment of replaced) this.#parts.unsynced.drop(segment.slots)
  }

  /** Ends the active segment, if anything is in it. Throws a `StorageError`. */
  roll(): void {
    this.#parts.health.assertUsable()
    if (this.#segments.active.sizeBytes === 0 || this.isBeingCut) return
    try {
      this.#appender.roll()
    } catch (error) {
      throw this.#parts.health.failed(error)
    }
  }

  /** Rolls a segment that is older than `segment.ms`, so that retention and compaction reach quiet logs too. */
  rollIfOld(nowMs: number): void {
    const { active } = this.#segments
    if (active.sizeBytes > 0 && this.#appender.isOld(active, nowMs)) this.roll()
  }

  /** Where the durable part ends; null until it moved for the first time after a crash. */
  get durablePosition(): LogEnd | null {
    return this.#flusher.end
  }

  /** Stores of what is derived so much that a start after a crash has little to read. Throws a `DiskError`. */
  writeDerivedBehind(): void {
    this.#parts.derived.storeBehind(this.logEndOffset)
  }

  /** Stores all that is derived and kept in memory, so that the next start need not rebuild it. Throws a `DiskError`. */
  writeDerived(): void {
    this.#parts.derived.store(this.logEndOffset)
  }

  /** Lets go of the files. What was appended and not flushed is in the page cache. Idempotent. */
  close(): void {
    if (this.isClosed) return
    this.#parts.health.close()
    this.#parts.tail.clear()
    for (const segment of this.#segments) segment.close()
  }

  #discard(segment: Segment): void {
    this.#parts.unsynced.drop([...segment.slots, segment.transactionIndex.entries.slot])
    this.#environment.removals.add(setSegmentAside(this.#environment, segment), this.config.fileDeleteDelayMs)
  }

  #startMoved(): void {
    this.#epochs.cache.truncateFromStart(this.#logStartOffset)
    this.onStartMoved()
  }

  #assertAppendable(): void {
    this.#parts.health.assertUsable()
    invariant(!this.isBeingCut, 'nothing is appended to a log that is being cut')
  }

  /** The log was cut there just now. */
  #onCut({ segment, position, endOffset: offset }: CutPlace): void {
    if (this.#highWatermark > offset) this.setHighWatermark(offset)
    const hot = this.#hotFrom
    const isBeforeHot = segment.baseOffset < hot.segment.baseOffset || (segment === hot.segment && position < hot.position)
    if (isBeforeHot) this.#hotFrom = { offset, segment, position }
  }

  /** The log begins there now, and is empty. */
  #onMoved(offset: number): void {
    this.#logStartOffset = offset
    this.#hotFrom = this.#appender.end
    this.setHighWatermark(offset)
  }
}
