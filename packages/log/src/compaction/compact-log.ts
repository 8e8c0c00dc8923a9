/**
 * Compacts one log: finds the latest offset of each key in the range, then writes all segments up to its end anew without what
 * later records replaced. Appends and reads go on meanwhile.
 */
import { STORAGE_ERROR_CODES, StorageError } from '../errors.ts'
import type { LogEnvironment } from '../log-environment.ts'
import type { PartitionLog } from '../partition-log.ts'
import { lastDataOffset } from '../producer-state/producer-entry.ts'
import { CleanedSegment } from './cleaned-segment.ts'
import { compactBatch, type CompactionRules, type ProducerEnd } from './compact-batch.ts'
import { latestOffsets, type OffsetRange } from './latest-offsets.ts'
import { assertUnchanged, type Original, putInPlace } from './put-in-place.ts'
import { SeenTransactions } from './seen-transactions.ts'
import { groupSegments } from './segment-groups.ts'
import { Turns } from './turns.ts'
import { visitBatches } from './visit-batches.ts'

export interface CompactionResult {
  /** Compacted up to here: less than asked for when there were more keys than fit the memory. */
  readonly endOffset: number
  readonly readBytes: number
  readonly writtenBytes: number
}

/**
 * The range has to be durable, decided (below the last stable offset), and to end where a segment begins. Rejects with a
 * `LogCorruptError` for damage, a `StorageError` when it was called off or cannot be done, and a `DiskError`; segments that were
 * put in place before that stay.
 */
export async function compactLog(
  environment: LogEnvironment,
  log: PartitionLog,
  range: OffsetRange,
  isStopped: () => boolean,
): Promise<CompactionResult> {
  // What was superseded by a record that is cut off later is not superseded any more.
  const { cuts } = log
  const isOver = (): boolean => isStopped() || log.cuts !== cuts || log.isBeingCut
  const turns = new Turns(environment.clock, () => assertGoingOn(environment, log, isOver))
  const segments = Array.from(log.segments).filter(({ baseOffset }) => baseOffset < range.to)
  const dirty = segments.filter((segment) => log.segments.endOffsetOf(segment, log.logEndOffset) > range.from)
  const aborted = log.abortedTransactions(log.segments.first.baseOffset, range.to)
  const producers = new Map<number, ProducerEnd>()
  for (const entry of log.producerState.entries()) {
    producers.set(entry.producerId, { lastDataOffset: lastDataOffset(entry), producerEpoch: entry.producerEpoch })
  }
  const { map, endOffset } = await latestOffsets(environment, dirty, range, new SeenTransactions(aborted), turns)
  const nowMs = environment.clock.now()
  const rules: CompactionRules = {
    latest: map,
    endOffset,
    transactions: new SeenTransactions(aborted),
    producers,
    nowMs,
    newHorizonMs: nowMs + log.config.deleteRetentionMs,
  }
  let readBytes = 0
  let writtenBytes = 0
  const originals = segments.filter(({ baseOffset }) => baseOffset < endOffset)
  for (const group of groupSegments(originals, endOffset, log.config)) {
    const taken = group.map((segment) => ({ segment, sizeBytes: segment.sizeBytes }))
    assertGoingOn(environment, log, isOver)
    assertUnchanged(log, taken)
    const cleaned = await writeCleaned(environment, log, taken, rules, turns)
    await putInPlace(environment, log, taken, cleaned, cuts)
    for (const { sizeBytes } of taken) readBytes += sizeBytes
    writtenBytes += cleaned.segment.sizeBytes
  }
  return { endOffset, readBytes, writtenBytes }
}

async function writeCleaned(
  environment: LogEnvironment,
  log: PartitionLog,
  originals: readonly Original[],
  rules: CompactionRules,
  turns: Turns,
): Promise<CleanedSegment> {
  const [first] = originals as readonly [Original, ...Original[]]
  const cleaned = new CleanedSegment(environment, log.directory, {
    baseOffset: first.segment.baseOffset,
    createdMs: originals.reduce((newest, { segment }) => Math.max(newest, segment.createdMs), 0),
    expectedBytes: originals.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    indexIntervalBytes: log.config.indexIntervalBytes,
  })
  try {
    for (const { segment } of originals) {
      await visitBatches(environment, segment, 0, turns, async (original) => {
        const { batch, aborted } = await compactBatch(environment, original, rules, turns)
        if (batch !== null) await cleaned.append(batch)
        if (aborted !== null) cleaned.appendAborted(aborted)
        return true
      })
    }
    await cleaned.finish()
    return cleaned
  } catch (error) {
    cleaned.discard()
    throw error
  }
}

function assertGoingOn(environment: LogEnvironment, log: PartitionLog, isOver: () => boolean): void {
  const offline = environment.offlineError()
  if (offline !== null) throw offline
  if (!log.isClosed && !isOver()) return
  throw new StorageError(STORAGE_ERROR_CODES.closed, log.directory, `the compaction of ${log.topic}-${log.partition} was called off`)
}
