/**
 * Opens the log of one partition as a crash, a clean stop or another broker left it.
 *
 * The batches are the truth; all else is derived. What lies below the recovery point was durable and is taken as it is; what
 * lies above is read and checked, and the first batch that is not whole ends the log there, for it is what a crash leaves. The
 * same damage below the recovery point was not caused by a crash: it is a `LogCorruptError`, and nothing is cut.
 */
import { batchBaseOffset, BATCH_HEADER_BYTES } from '@millrace/protocol'
import { parseLeaderEpochCheckpoint, LEADER_EPOCH_CHECKPOINT, type LeaderEpochEntry } from '../checkpoint/leader-epoch-checkpoint.ts'
import type { RecoveryPosition } from '../checkpoint/recovery-position-checkpoint.ts'
import { LogCorruptError } from '../errors.ts'
import { SEGMENT_SUFFIXES, type SegmentSuffix } from '../file-names.ts'
import type { FileSlot } from '../file-pool.ts'
import { LeaderEpochCache } from '../leader-epoch-cache.ts'
import type { LogConfig } from '../log-config.ts'
import type { LogEnvironment } from '../log-environment.ts'
import type { LoadedLog } from '../partition-log.ts'
import { ProducerState } from '../producer-state/producer-state.ts'
import type { Segment } from '../segment.ts'
import { createSegment, foundSegment, setSegmentAside } from '../segment-files.ts'
import { SegmentList } from '../segment-list.ts'
import { tidyPartitionFiles } from './partition-files.ts'
import { replayProducers } from './producer-replay.ts'
import { recoverSegment } from './segment-recovery.ts'

export interface LoadOptions {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly directory: string
  readonly config: LogConfig
  /** The process that wrote it stopped in good order, so what it left is whole. */
  readonly wasCleanShutdown: boolean
  /** Everything below was durable when this was written. */
  readonly recoveryPoint: number
  readonly recoveryPosition: RecoveryPosition | null
  readonly logStartOffset: number
  /** Files made for the log just now. */
  readonly unsynced: readonly FileSlot[]
}

/** Rejects with a `LogCorruptError` or a `DiskError`. */
export async function loadLog(environment: LogEnvironment, options: LoadOptions): Promise<LoadedLog> {
  const { directory, topic, partition, topicId } = options
  const { segments: sizes, isChanged } = await tidyPartitionFiles(environment, directory)
  const found = [...sizes].sort(([a], [b]) => a - b)
  const all = found.map(([baseOffset, size]) => foundSegment(environment, directory, baseOffset, size))
  const unsynced = new Set<FileSlot>(options.unsynced)
  if (all.length === 0) {
    if (options.recoveryPoint > options.logStartOffset) {
      environment.logger.error('the log is gone: its checkpoint names records that no file holds', {
        directory,
        recoveryPoint: options.recoveryPoint,
      })
    }
    const segment = createSegment(environment, directory, options.logStartOffset)
    unsynced.add(segment.log)
    all.push(segment)
  }
  const epochs = readEpochs(environment, directory)
  const recovered = await recover(environment, options, all, sizes, epochs, unsynced)
  const { segments, logEndOffset } = recovered
  const logStartOffset = Math.min(Math.max(options.logStartOffset, segments.first.baseOffset), logEndOffset)
  epochs.truncateFromEnd(logEndOffset)
  epochs.truncateFromStart(logStartOffset)

  const producers = new ProducerState({
    expirationMs: environment.settings.producerIdExpirationMs,
    producersMax: environment.settings.producersPerPartitionMax,
  })
  const transactionIndexEndOffset = cutTransactionIndexes(segments, recovered.checkedFromOffset, logEndOffset)
  await replayProducers(environment, producers, { directory, segments, logEndOffset, transactionIndexEndOffset })
  for (const segment of segments) {
    if (segment.transactionIndex.entries.unwrittenCount === 0) continue
    segment.transactionIndex.entries.write()
    if (segment !== segments.active) segment.transactionIndex.entries.unload()
    unsynced.add(segment.transactionIndex.entries.slot)
  }
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
    durableEndOffset: options.wasCleanShutdown && unsynced.size === 0 ? logEndOffset : Math.min(options.recoveryPoint, logEndOffset),
    unsynced,
    isDirectoryUnsynced: isChanged || options.unsynced.length > 0 || recovered.isChanged,
  }
}

interface Recovered {
  readonly segments: SegmentList
  readonly logEndOffset: number
  /** Batches from here on were read. */
  readonly checkedFromOffset: number
  readonly isChanged: boolean
}

async function recover(
  environment: LogEnvironment,
  options: LoadOptions,
  all: readonly Segment[],
  sizes: ReadonlyMap<number, ReadonlyMap<SegmentSuffix, number>>,
  epochs: LeaderEpochCache,
  unsynced: Set<FileSlot>,
): Promise<Recovered> {
  const { config, wasCleanShutdown, recoveryPoint, recoveryPosition } = options
  const { indexIntervalBytes } = config
  const checkedFrom = wasCleanShutdown ? all.at(-1) : (all.findLast(({ baseOffset }) => baseOffset <= recoveryPoint) ?? all[0])
  const sound: Segment[] = []
  let logEndOffset = (all[0] as Segment).baseOffset
  let checkedFromOffset = Number.MAX_SAFE_INTEGER
  let isChecked = false
  let isChanged = false
  for (const segment of all) {
    isChecked ||= segment === checkedFrom
    const isLast = segment === all.at(-1)
    const closedEnd = all[sound.length + 1]?.baseOffset ?? 0
    if (!isChecked && !isLast) {
      if (areIndexesMissing(segment, sizes.get(segment.baseOffset), closedEnd)) {
        const { damage } = await recoverSegment(environment, segment, {
          from: 0,
          fromOffset: segment.baseOffset,
          newest: null,
          isChecked: false,
          indexIntervalBytes,
        })
        if (damage !== null) throw new LogCorruptError(segment.log.path, segment.sizeBytes, damage)
        segment.seal()
        for (const slot of segment.slots) unsynced.add(slot)
      } else segment.noteTimestamp(segment.timeIndex.last())
      sound.push(segment)
      logEndOffset = closedEnd
      continue
    }
    const start = startOf(segment, wasCleanShutdown, recoveryPosition)
    checkedFromOffset = Math.min(checkedFromOffset, start.offset)
    const result = await recoverSegment(environment, segment, {
      from: start.position,
      fromOffset: start.offset,
      newest: start.newest,
      isChecked: !wasCleanShutdown,
      indexIntervalBytes,
      onBatch: (leaderEpoch, baseOffset) => void epochs.assign(leaderEpoch, baseOffset),
    })
    logEndOffset = result.endOffset
    sound.push(segment)
    const excessBytes = result.fileSizeBytes - segment.sizeBytes
    if (result.damage !== null || excessBytes > 0) {
      const reason = result.damage ?? 'bytes after the last batch'
      if (wasCleanShutdown || logEndOffset < recoveryPoint) throw new LogCorruptError(segment.log.path, segment.sizeBytes, reason)
      const dropped = all.slice(sound.length)
      environment.logger.warn('a crash left an unfinished write; the log ends before it', {
        path: segment.log.path,
        position: segment.sizeBytes,
        reason,
        removedBytes: excessBytes + dropped.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        logEndOffset,
      })
      segment.log.use().truncate(segment.sizeBytes)
      for (const gone of dropped) environment.removals.add(setSegmentAside(environment, gone), 0)
      isChanged = true
    }
    if (!wasCleanShutdown) unsynced.add(segment.log)
    if (isChanged) break
    if (isLast) continue
    segment.seal()
    for (const slot of segment.slots) unsynced.add(slot)
  }
  if (logEndOffset < recoveryPoint) {
    const { log, sizeBytes } = sound.at(-1) as Segment
    throw new LogCorruptError(log.path, sizeBytes, `the log ends at offset ${logEndOffset}, and was durable up to ${recoveryPoint}`)
  }
  return { segments: new SegmentList(sound), logEndOffset, checkedFromOffset, isChanged }
}

interface Start {
  readonly position: number
  readonly offset: number
  readonly newest: { readonly timestamp: number; readonly offset: number } | null
}

/** From where a segment has to be read: from its beginning, unless a later place can be proved to be a boundary of batches. */
function startOf(segment: Segment, wasCleanShutdown: boolean, known: RecoveryPosition | null): Start {
  const beginning: Start = { position: 0, offset: segment.baseOffset, newest: null }
  if (known !== null && known.segmentBaseOffset === segment.baseOffset && known.position <= segment.sizeBytes) {
    const isProved = known.position === segment.sizeBytes || (baseOffsetAt(segment, known.position) ?? -1) >= known.recoveryPoint
    const newest = known.maxTimestamp < 0 ? null : { timestamp: known.maxTimestamp, offset: known.maxTimestampOffset }
    if (isProved) return { position: known.position, offset: known.recoveryPoint, newest }
  }
  if (!wasCleanShutdown) return beginning
  const indexed = segment.offsetIndex.last()
  if (indexed === null || indexed.position >= segment.sizeBytes) return beginning
  const offset = baseOffsetAt(segment, indexed.position)
  const isProved = offset !== null && offset > segment.baseOffset && offset <= indexed.lastOffset
  return isProved ? { position: indexed.position, offset, newest: null } : beginning
}

function baseOffsetAt(segment: Segment, position: number): number | null {
  const header = new Uint8Array(BATCH_HEADER_BYTES)
  return segment.log.use().readSync(header, position) < header.length ? null : batchBaseOffset(header, 0)
}

/** Indexes of a closed segment were synced with it, so they are there and whole, unless somebody else had his hands in it. */
function areIndexesMissing(segment: Segment, sizes: ReadonlyMap<SegmentSuffix, number> | undefined, endOffset: number): boolean {
  if (sizes === undefined || !sizes.has(SEGMENT_SUFFIXES.offsetIndex) || !sizes.has(SEGMENT_SUFFIXES.timeIndex)) return true
  const newest = segment.timeIndex.last()
  const isTimeSound = newest === null || (newest.timestamp >= 0 && newest.offset >= segment.baseOffset && newest.offset < endOffset)
  const indexed = segment.offsetIndex.last()
  const isOffsetSound = indexed === null || (indexed.position > 0 && indexed.position < segment.sizeBytes && indexed.lastOffset < endOffset)
  return !isTimeSound || !isOffsetSound
}

function readEpochs(environment: LogEnvironment, directory: string): LeaderEpochCache {
  const path = `${directory}/${LEADER_EPOCH_CHECKPOINT}`
  if (environment.disk.stat(path) === null) return new LeaderEpochCache()
  const entries: readonly LeaderEpochEntry[] | null = parseLeaderEpochCheckpoint(environment.disk.readFile(path))
  if (entries === null) environment.logger.warn('the leader epochs are damaged; what the log can tell of them is used', { path })
  return new LeaderEpochCache(entries ?? [])
}

/** Forgets entries that may be wrong; returns the offset from which on there are none. */
function cutTransactionIndexes(segments: SegmentList, checkedFromOffset: number, logEndOffset: number): number {
  let cutOffset = checkedFromOffset
  for (const segment of segments) {
    const endOffset = segments.endOffsetOf(segment, logEndOffset)
    const { transactionIndex } = segment
    if (transactionIndex.entries.count > 0 && !transactionIndex.isSound(segment.baseOffset, endOffset)) {
      cutOffset = Math.min(cutOffset, segment.baseOffset)
    }
    if (endOffset > cutOffset && transactionIndex.entries.count > 0) transactionIndex.truncate(cutOffset)
  }
  for (const segment of segments) if (segments.endOffsetOf(segment, logEndOffset) > cutOffset) segment.transactionIndex.entries.load()
  return cutOffset
}
