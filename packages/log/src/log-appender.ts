/**
 * The writing end of a log: gives batches their place, writes them together, begins new segments. Errors of the disk come out as
 * they are; the log decides what they mean.
 *
 * Invariant: `logEndOffset` and all that is derived move only after the bytes are written.
 */
import { AppendStage, type AppendOptions, type AppendOutcome, type StagedBatch } from './append-stage.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogConfig } from './log-config.ts'
import type { LogEnvironment } from './log-environment.ts'
import type { LogPosition } from './log-reader.ts'
import type { ProducerState } from './producer-state/producer-state.ts'
import { writeSnapshot } from './producer-state/snapshot-files.ts'
import { mustRollBefore, segmentAgeMax } from './roll-policy.ts'
import type { Segment } from './segment.ts'
import { createSegment } from './segment-files.ts'
import type { SegmentList } from './segment-list.ts'
import type { LogTail } from './tail-cache.ts'
import type { UnsyncedFiles } from './unsynced-files.ts'

/** The end of a log, at some moment. */
export interface LogEnd extends LogPosition {
  /** Largest timestamp of a record before it in the segment, -1 for none, and the last offset of the batch that holds it. */
  readonly maxTimestamp: number
  readonly maxTimestampOffset: number
}

/** What a log is made of, as far as appending goes. */
export interface AppendedLog {
  readonly directory: string
  readonly segments: SegmentList
  readonly producers: ProducerState
  readonly epochs: LeaderEpochCache
  readonly logEndOffset: number
}

export class LogAppender {
  readonly #environment: LogEnvironment
  readonly #log: AppendedLog
  readonly #stage: AppendStage
  readonly #tail: LogTail
  readonly #unsynced: UnsyncedFiles
  #config: LogConfig
  #logEndOffset: number
  #unflushedBytes = 0
  #rollJitterMs: number

  constructor(environment: LogEnvironment, config: LogConfig, log: AppendedLog, tail: LogTail, unsynced: UnsyncedFiles) {
    this.#environment = environment
    this.#config = config
    this.#log = log
    this.#stage = new AppendStage(environment, log.producers)
    this.#tail = tail
    this.#unsynced = unsynced
    this.#logEndOffset = log.logEndOffset
    this.#rollJitterMs = this.#newJitterMs()
  }

  get config(): LogConfig {
    return this.#config
  }

  get logEndOffset(): number {
    return this.#logEndOffset
  }

  get end(): LogEnd {
    const segment = this.#log.segments.active
    const { sizeBytes, maxTimestamp, maxTimestampOffset } = segment
    return { offset: this.#logEndOffset, segment, position: sizeBytes, maxTimestamp, maxTimestampOffset }
  }

  /** Bytes written since the last flush began, those of a flush under way included. */
  get unflushedBytes(): number {
    return this.#unflushedBytes
  }

  flushed(sizeBytes: number): void {
    this.#unflushedBytes -= sizeBytes
  }

  setConfig(config: LogConfig): void {
    const { segmentJitterMs } = this.#config
    this.#config = config
    if (segmentJitterMs !== config.segmentJitterMs) this.#rollJitterMs = this.#newJitterMs()
  }

  stage(batch: Uint8Array, options: AppendOptions): AppendOutcome {
    return this.#stage.stage(batch, options, this.#logEndOffset, this.#config)
  }

  stageReplicated(batch: Uint8Array): void {
    this.#stage.stageReplicated(batch)
  }

  /** The log was cut: it ends at `offset`, in the segment that is the active one now. */
  cutTo(offset: number): void {
    this.#logEndOffset = offset
  }

  /** Writes what was staged. When it throws, what was written before a segment boundary stays; `drop` forgets the rest. */
  commit(): void {
    const batches = this.#stage.take()
    let from = 0
    while (from < batches.length) {
      const first = batches[from] as StagedBatch
      if (this.#mustRollBefore(first, 0)) this.roll()
      let pendingBytes = first.bytes.length
      let to = from + 1
      while (to < batches.length && !this.#mustRollBefore(batches[to] as StagedBatch, pendingBytes)) {
        pendingBytes += (batches[to] as StagedBatch).bytes.length
        to += 1
      }
      this.#write(batches.slice(from, to), pendingBytes)
      from = to
    }
  }

  drop(): void {
    this.#stage.drop()
  }

  isOld(segment: Segment, nowMs: number): boolean {
    return nowMs - segment.createdMs > segmentAgeMax(this.#config, this.#rollJitterMs)
  }

  /** Begins a new active segment at the log's end. Nothing is changed when it throws. */
  roll(): void {
    const { directory, segments, producers } = this.#log
    const { active } = segments
    // Sealing comes last: until then the segment can be appended to, should any of this fail.
    const next = createSegment(this.#environment, directory, this.#logEndOffset)
    const snapshot = writeSnapshot(this.#environment, directory, this.#logEndOffset, producers)
    active.seal()
    this.#unsynced.add(...active.slots, snapshot, next.log)
    this.#unsynced.addDirectory()
    segments.add(next)
    this.#rollJitterMs = this.#newJitterMs()
  }

  #mustRollBefore({ bytes, lastOffset, maxTimestamp }: StagedBatch, pendingBytes: number): boolean {
    const batch = { sizeBytes: bytes.length, lastOffset, maxTimestamp }
    return mustRollBefore(this.#log.segments.active, pendingBytes, batch, this.#config, this.#rollJitterMs, this.#environment.clock.now())
  }

  #write(batches: readonly StagedBatch[], sizeBytes: number): void {
    const { active } = this.#log.segments
    const position = active.sizeBytes
    const chunks = batches.map(({ bytes }) => bytes)
    const file = active.log.use()
    try {
      file.writeSync(chunks, position)
    } catch (error) {
      // What the failed write did carry must not look like records after a restart.
      file.truncate(position)
      throw error
    }
    this.#tail.append(active, position, chunks, sizeBytes)
    this.#unsynced.add(active.log)
    this.#unflushedBytes += sizeBytes
    for (const batch of batches) this.#note(batch, active)
    active.writeIndexesBehind()
  }

  #note(batch: StagedBatch, segment: Segment): void {
    segment.noteBatch(batch.bytes.length, batch.lastOffset, batch.maxTimestamp, this.#config.indexIntervalBytes)
    this.#log.epochs.assign(batch.leaderEpoch, batch.baseOffset)
    this.#logEndOffset = batch.lastOffset + 1
    if (batch.producerChange === null) return
    const aborted = this.#log.producers.commit(batch.producerChange)
    if (aborted === null) return
    segment.transactionIndex.append(aborted)
    this.#unsynced.add(segment.transactionIndex.entries.slot)
    // The first entry makes the file.
    if (segment.transactionIndex.entries.count === 1) this.#unsynced.addDirectory()
  }

  #newJitterMs(): number {
    const { segmentJitterMs } = this.#config
    return segmentJitterMs > 0 ? this.#environment.random.uint32() % segmentJitterMs : 0
  }
}
