/**
 * Opens the log of one partition as a crash, a clean stop or another broker left it: the batches are the truth, all else is
 * derived from them where it is missing or wrong.
 */
import { LogCorruptError } from '../errors.ts'
import type { FileSlot } from '../file-pool.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { ProducerState } from '../producer-state/producer-state.ts'
import { listSnapshots, snapshotSlot } from '../producer-state/snapshot-files.ts'
import type { Segment } from '../segment.ts'
import { createSegment, foundSegment, setSegmentAside } from '../segment-files.ts'
import { SegmentList } from '../segment-list.ts'
import type { LoadedLog } from './loaded-log.ts'
import { tidyPartitionFiles } from './partition-files.ts'
import { replayProducers } from './producer-replay.ts'
import { recoverEpochs } from './recover-epochs.ts'
import { type RecoveredSegments, recoverSegments, type RecoveryOptions } from './recover-segments.ts'
import { keepTrueEntries, storeEntries } from './transaction-indexes.ts'

export interface LoadOptions extends RecoveryOptions {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly directory: string
  readonly logStartOffset: number
  /** Files made for the log just now. */
  readonly unsynced: readonly FileSlot[]
}

/** Rejects with a `LogCorruptError` or a `DiskError`. */
export async function loadLog(environment: LogEnvironment, options: LoadOptions): Promise<LoadedLog> {
  const { directory, topic, partition, topicId, wasCleanShutdown, recoveryPoint } = options
  const { segments: sizes, isChanged } = await tidyPartitionFiles(environment, directory)
  const found = [...sizes].sort(([a], [b]) => a - b).map(([offset, files]) => foundSegment(environment, directory, offset, files))
  const recovered = found.length === 0 ? begin(environment, options) : await recoverSegments(environment, options, found, sizes)
  const { unsynced, ...log } = startAtLogStart(environment, options, recovered)
  const segments = new SegmentList(log.segments)
  const { logEndOffset } = log
  const logStartOffset = Math.max(options.logStartOffset, segments.first.baseOffset)
  const epochs = await recoverEpochs(environment, { ...log, directory, segments, logStartOffset, read: log.epochs })

  const producers = new ProducerState({
    expirationMs: environment.settings.producerIdExpirationMs,
    producersMax: environment.settings.producersPerPartitionMax,
  })
  const durableEndOffset = wasCleanShutdown ? Number.MAX_SAFE_INTEGER : recoveryPoint
  const kept = keepTrueEntries(environment, { segments, sizes, logEndOffset, durableEndOffset })
  const snapshots = await replayProducers(environment, producers, {
    directory,
    segments,
    logEndOffset,
    transactionIndexEndOffset: kept.endOffset,
  })
  // A snapshot that a process wrote which was killed may be the only one that knows of records that retention takes.
  const doubtful = listSnapshots(environment, directory).filter((offset) => offset >= durableEndOffset)
  const allUnsynced = [
    ...options.unsynced,
    ...unsynced,
    ...(await storeEntries(environment, segments, kept.damaged)),
    ...snapshots.written,
    ...doubtful.map((offset) => snapshotSlot(environment, directory, offset)),
  ]
  const isUntouched = wasCleanShutdown && allUnsynced.length === 0
  return {
    topic,
    partition,
    topicId,
    directory,
    segments,
    producers,
    epochs,
    logStartOffset,
    logEndOffset,
    durableEndOffset: isUntouched ? logEndOffset : Math.max(logStartOffset, Math.min(recoveryPoint, logEndOffset)),
    isAllDurable: isUntouched || recoveryPoint >= logEndOffset,
    isDerivedStored: isUntouched && listSnapshots(environment, directory).includes(logEndOffset),
    unsynced: allUnsynced,
    // A process that was killed may not have come to sync the names that it gave.
    isDirectoryUnsynced: !isUntouched || isChanged || snapshots.isAnyRemoved,
  }
}

/** A log without any segment: a new one, unless there is reason to believe that it had some. */
function begin(environment: LogEnvironment, { directory, recoveryPoint, logStartOffset }: LoadOptions): RecoveredSegments {
  if (recoveryPoint > logStartOffset)
    throw new LogCorruptError(directory, 0, `its records are gone; they were durable up to ${recoveryPoint}`)
  const segment = createSegment(environment, directory, logStartOffset)
  return { segments: [segment], logEndOffset: logStartOffset, checkedFromOffset: logStartOffset, epochs: [], unsynced: [segment.log] }
}

/** Records that were deleted are gone although the crash took what came after them: offsets do not begin again below. */
function startAtLogStart(
  environment: LogEnvironment,
  { directory, logStartOffset }: LoadOptions,
  recovered: RecoveredSegments,
): RecoveredSegments {
  if (logStartOffset <= recovered.logEndOffset) return recovered
  environment.logger.warn('the log ends before its start; it begins anew there', {
    directory,
    logStartOffset,
    logEndOffset: recovered.logEndOffset,
  })
  const segment: Segment = createSegment(environment, directory, logStartOffset)
  for (const gone of recovered.segments) environment.removals.add(setSegmentAside(environment, gone), 0)
  return {
    segments: [segment],
    logEndOffset: logStartOffset,
    checkedFromOffset: logStartOffset,
    epochs: [],
    unsynced: [segment.log],
  }
}
