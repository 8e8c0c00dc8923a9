/**
 * Brings the segments of a log into the state in which it can go on.
 *
 * Those below the recovery point are durable and stay as they are. Those above are read and checked, and the log ends before the
 * first batch that is not whole, or where a segment does not go on at the offset at which the one before it ends: both are what a
 * crash leaves. The same below the recovery point is a `LogCorruptError`, and nothing is cut.
 */
import type { LeaderEpochEntry } from '../checkpoint/leader-epoch-checkpoint.ts'
import type { RecoveryPosition } from '../checkpoint/recovery-position-checkpoint.ts'
import { LogCorruptError } from '../errors.ts'
import type { SegmentSuffix } from '../file-names.ts'
import type { FileSlot } from '../file-pool.ts'
import { LeaderEpochCache } from '../leader-epoch-cache.ts'
import type { LogConfig } from '../log-config.ts'
import type { LogEnvironment } from '../log-environment.ts'
import type { Segment } from '../segment.ts'
import { setSegmentAside } from '../segment-files.ts'
import { syncFile } from '../sync-file.ts'
import { openClosedSegment } from './closed-segment.ts'
import { resumePoint } from './resume-point.ts'
import { lastIndexedBatch, walkTail } from './segment-end.ts'
import { recoverSegment } from './segment-recovery.ts'

export interface RecoveryOptions {
  readonly config: LogConfig
  /** The process that wrote it stopped in good order, so what it left is whole. */
  readonly wasCleanShutdown: boolean
  /** Everything below was durable when this was written. */
  readonly recoveryPoint: number
  readonly recoveryPosition: RecoveryPosition | null
  /** Compaction took records from it, or may have. */
  readonly mayHaveGaps: boolean
}

export interface RecoveredSegments {
  /** Ascending; the last one is active. */
  readonly segments: readonly Segment[]
  readonly logEndOffset: number
  /** Batches from here on were read. */
  readonly checkedFromOffset: number
  /** Where leader epochs began in the batches that were read. */
  readonly epochs: readonly LeaderEpochEntry[]
  readonly unsynced: readonly FileSlot[]
}

/** `found` is not empty and ascends. Rejects with a `LogCorruptError` or a `DiskError`. */
export async function recoverSegments(
  environment: LogEnvironment,
  options: RecoveryOptions,
  found: readonly Segment[],
  sizes: ReadonlyMap<number, ReadonlyMap<SegmentSuffix, number>>,
): Promise<RecoveredSegments> {
  const { wasCleanShutdown, mayHaveGaps, config, recoveryPoint } = options
  const { indexIntervalBytes } = config
  const firstChecked = wasCleanShutdown ? found.length - 1 : await firstToCheck(found, options)
  const epochs = new LeaderEpochCache()
  const unsynced: FileSlot[] = []
  const sound: Segment[] = []
  let logEndOffset = (found[0] as Segment).baseOffset
  let checkedFromOffset = Number.MAX_SAFE_INTEGER
  for (const [index, segment] of found.entries()) {
    const isAfterChecked = !wasCleanShutdown && index > firstChecked
    const before = sound.at(-1)
    if (before !== undefined && segment.baseOffset !== logEndOffset) {
      const reason = `the next segment begins at offset ${segment.baseOffset}`
      if (segment.baseOffset < logEndOffset) {
        if (segment.sizeBytes === 0) {
          environment.logger.info('an empty segment that nothing was appended to is removed', { path: segment.log.path })
          environment.removals.add(setSegmentAside(environment, segment), 0)
          continue
        }
        if (!isAfterChecked)
          throw new LogCorruptError(before.log.path, before.sizeBytes, `it ends at offset ${logEndOffset}, and ${reason}`)
      }
      if (isAfterChecked && (segment.baseOffset < logEndOffset || !mayHaveGaps)) {
        await cut(environment, options, before, before.sizeBytes, reason, logEndOffset, found.slice(index))
        break
      }
      if (!mayHaveGaps) environment.logger.error('records between two segments are missing', { path: segment.log.path, logEndOffset })
    }
    sound.push(segment)
    if (index < firstChecked) {
      const nextBaseOffset = (found[index + 1] as Segment).baseOffset
      const closed = { sizes: sizes.get(segment.baseOffset) ?? new Map(), nextBaseOffset, mayHaveGaps, indexIntervalBytes }
      const { endOffset, wereIndexesRebuilt } = await openClosedSegment(environment, segment, closed)
      if (wereIndexesRebuilt) unsynced.push(...segment.slots)
      logEndOffset = endOffset
      continue
    }
    const start = await resumePoint(environment, segment, wasCleanShutdown, options.recoveryPosition)
    checkedFromOffset = Math.min(checkedFromOffset, start.offset)
    const result = await recoverSegment(environment, segment, {
      from: start.position,
      fromOffset: start.offset,
      leaderEpoch: epochs.latestEpoch ?? -1,
      newest: start.newest,
      isChecked: !wasCleanShutdown,
      mayHaveGaps,
      indexIntervalBytes,
      onBatch: (leaderEpoch, baseOffset) => void epochs.assign(leaderEpoch, baseOffset),
    })
    logEndOffset = result.endOffset
    if (!wasCleanShutdown) unsynced.push(segment.log)
    if (result.damage !== null) {
      await cut(environment, options, segment, result.fileSizeBytes, result.damage, logEndOffset, found.slice(index + 1))
      break
    }
    if (index === found.length - 1) continue
    segment.seal()
    unsynced.push(...segment.slots)
  }
  const active = sound.at(-1) as Segment
  if (logEndOffset < recoveryPoint) {
    const reason = `the log ends at offset ${logEndOffset}, and was durable up to ${recoveryPoint}`
    throw new LogCorruptError(active.log.path, active.sizeBytes, reason)
  }
  if (!active.offsetIndex.entries.isInMemory) active.unseal()
  return { segments: sound, logEndOffset, checkedFromOffset, epochs: epochs.entries, unsynced }
}

/** The log ends within `segment`, and the segments after it go; for good, before anything is appended in their place. */
async function cut(
  environment: LogEnvironment,
  { wasCleanShutdown, recoveryPoint }: RecoveryOptions,
  segment: Segment,
  fileSizeBytes: number,
  reason: string,
  logEndOffset: number,
  dropped: readonly Segment[],
): Promise<void> {
  const { log, sizeBytes } = segment
  if (wasCleanShutdown || logEndOffset < recoveryPoint) throw new LogCorruptError(log.path, sizeBytes, reason)
  environment.logger.warn('a crash left an unfinished write; the log ends before it', {
    path: log.path,
    position: sizeBytes,
    reason,
    removedBytes: fileSizeBytes - sizeBytes + dropped.reduce((sum, gone) => sum + gone.sizeBytes, 0),
    logEndOffset,
  })
  for (const gone of dropped) environment.removals.add(setSegmentAside(environment, gone), 0)
  if (dropped.length > 0) await environment.disk.syncDirectory(directoryOf(log))
  if (fileSizeBytes === sizeBytes) return
  log.use().truncate(sizeBytes)
  await syncFile(log)
}

function directoryOf({ path }: FileSlot): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** The segment that holds the recovery point: all before it are durable, with their indexes. */
async function firstToCheck(found: readonly Segment[], { recoveryPoint, recoveryPosition }: RecoveryOptions): Promise<number> {
  const last = Math.max(
    0,
    found.findLastIndex(({ baseOffset }) => baseOffset <= recoveryPoint),
  )
  const [before, segment] = [found[last - 1], found[last]]
  if (before === undefined || segment === undefined || recoveryPosition?.segmentBaseOffset === segment.baseOffset) return last
  // The segment before was active when the recovery point was written, so its indexes may have been written later.
  if (segment.baseOffset === recoveryPoint) return last - 1
  if (segment.sizeBytes > 0) return last
  // A roll that failed leaves an empty segment, and the one before it went on beyond its offset.
  const indexed = lastIndexedBatch(before, Number.MAX_SAFE_INTEGER, before.sizeBytes)
  const { endOffset } = await walkTail(before, indexed?.position ?? 0)
  return endOffset > segment.baseOffset ? last - 1 : last
}
