/** Compacts the logs of a directory, one at a time, the one that needs it most first. */
import { BATCH_HEADER_BYTES, maxTimestamp, NO_TIMESTAMP } from '@millrace/protocol'
import { DiskError } from '@millrace/runtime'
import { type CleanableRange, cleanableRange } from '../compaction/cleanable-range.ts'
import { COMPACTION } from '../compaction/compaction-module.ts'
import { isFinal, STORAGE_ERROR_CODES, StorageError, toStorageError } from '../errors.ts'
import { partitionDirectoryName } from '../file-names.ts'
import type { PartitionLog } from '../partition-log.ts'
import type { Segment } from '../segment.ts'
import type { LogDirectory } from './log-directory.ts'

interface Candidate {
  readonly log: PartitionLog
  readonly range: CleanableRange
}

export class LogCleaner {
  readonly #directory: LogDirectory
  readonly #isStopped: () => boolean
  /** Logs that cannot be compacted until they are opened anew: reported when that was found, then left alone. */
  readonly #uncleanable = new WeakSet<PartitionLog>()
  #current: PartitionLog | null = null

  constructor(directory: LogDirectory, isStopped: () => boolean) {
    this.#directory = directory
    this.#isStopped = isStopped
  }

  /** The log that is being compacted. */
  get current(): PartitionLog | null {
    return this.#current
  }

  /** Compacts the dirtiest log. False when there is none. One that cannot be done now is added to `postponed`, and passed over. */
  async cleanDirtiest(postponed: Set<PartitionLog>): Promise<boolean> {
    const candidate = this.#dirtiest(postponed)
    if (candidate === null) return false
    this.#current = candidate.log
    try {
      await this.#clean(candidate)
    } catch (error) {
      postponed.add(candidate.log)
      this.#report(candidate.log, error)
    } finally {
      this.#current = null
    }
    return true
  }

  #dirtiest(postponed: Set<PartitionLog>): Candidate | null {
    const { checkpoints, environment } = this.#directory
    const nowMs = environment.clock.now()
    let dirtiest: Candidate | null = null
    for (const log of this.#directory.logs()) {
      if (!log.config.cleanupPolicy.compact || log.isClosed || postponed.has(log) || this.#uncleanable.has(log)) continue
      try {
        const range = cleanableRange({
          segments: log.segments,
          logStartOffset: log.logStartOffset,
          logEndOffset: log.logEndOffset,
          lastStableOffset: log.lastStableOffset(log.highWatermark),
          config: log.config,
          cleanedOffset: checkpoints.cleanedOffsets.get(partitionDirectoryName(log.topic, log.partition)),
          nowMs,
          firstTimestamp,
        })
        if (range !== null && range.dirtyRatio > (dirtiest?.range.dirtyRatio ?? -1)) dirtiest = { log, range }
      } catch (error) {
        postponed.add(log)
        this.#report(log, error)
      }
    }
    return dirtiest
  }

  async #clean({ log, range }: Candidate): Promise<void> {
    const { checkpoints, environment } = this.#directory
    const startedMs = environment.clock.monotonic()
    // Nothing may go for the sake of a record that a power cut could take. And recovery must not look for its place in segments
    // that are about to be replaced, so the checkpoint has to be beyond them.
    await log.flush()
    await checkpoints.write([log])
    const { compactLog } = await COMPACTION.load()
    const { endOffset, readBytes, writtenBytes } = await compactLog(environment, log, range, this.#isStopped)
    if (log.isClosed) return
    // It may have been cut since its last segment was put in place.
    checkpoints.cleanedOffsets.set(partitionDirectoryName(log.topic, log.partition), Math.min(endOffset, log.logEndOffset))
    await checkpoints.cleanedOffsets.write()
    const tookMs = Math.round(environment.clock.monotonic() - startedMs)
    environment.logger.info('a log was compacted', {
      topic: log.topic,
      partition: log.partition,
      endOffset,
      readBytes,
      writtenBytes,
      tookMs,
    })
  }

  #report(log: PartitionLog, error: unknown): void {
    const { environment } = this.#directory
    const { topic, partition, directory } = log
    if (log.isClosed || environment.offlineError() !== null) return
    if (!(error instanceof StorageError || error instanceof DiskError)) {
      this.#uncleanable.add(log)
      environment.logger.error('a log cannot be compacted and grows from now on', { topic, partition, error })
      return
    }
    const reason = toStorageError(error, directory)
    if (isFinal(reason)) environment.fail(reason)
    else if (reason.code === STORAGE_ERROR_CODES.corrupt || reason.code === STORAGE_ERROR_CODES.uncleanable) {
      this.#uncleanable.add(log)
      environment.logger.error('a log cannot be compacted and grows from now on', { topic, partition, error: reason })
    } else if (reason.code !== STORAGE_ERROR_CODES.closed) {
      environment.logger.warn('a log could not be compacted; it will be tried again', { topic, partition, error: reason })
    }
  }
}

const header = new Uint8Array(BATCH_HEADER_BYTES)

/** Of the segment's first batch. Throws a `DiskError`. */
function firstTimestamp(segment: Segment): number {
  if (segment.firstTimestamp === null) {
    const readBytes = segment.log.use().readSync(header, 0)
    segment.firstTimestamp = readBytes < header.length ? NO_TIMESTAMP : maxTimestamp(header, 0)
  }
  return segment.firstTimestamp
}
