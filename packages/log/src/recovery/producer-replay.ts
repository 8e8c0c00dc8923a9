/**
 * Brings the producers of a log up to its end: from the newest snapshot that can be trusted, through the headers of the batches
 * after it. What a crash took from the transaction indexes comes back with it.
 */
import { batchProducerId, isControl } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import { LogCorruptError } from '../errors.ts'
import type { FileSlot } from '../file-pool.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { stageKnownBatch } from '../producer-state/known-batch.ts'
import type { ProducerState } from '../producer-state/producer-state.ts'
import { isSnapshotOf, listSnapshots, readSnapshot, removeSnapshot, writeSnapshot } from '../producer-state/snapshot-files.ts'
import { seekBatch } from '../seek-batch.ts'
import type { SegmentList } from '../segment-list.ts'
import type { AbortedTransaction } from '../transaction-index.ts'

export interface ProducerReplayOptions {
  readonly directory: string
  readonly segments: SegmentList
  readonly logEndOffset: number
  /** Transaction indexes are right below this offset, and empty from it on. */
  readonly transactionIndexEndOffset: number
}

const TURN_BATCHES = 4096

export interface ReplayedSnapshots {
  readonly isAnyRemoved: boolean
  /** Those that were made anew. */
  readonly written: ReadonlySet<FileSlot>
}

/** Returns what became of the snapshots. Rejects with a `LogCorruptError` or a `DiskError`. */
export async function replayProducers(
  environment: LogEnvironment,
  producers: ProducerState,
  options: ProducerReplayOptions,
): Promise<ReplayedSnapshots> {
  const { directory, segments, logEndOffset, transactionIndexEndOffset } = options
  const { offset: from, isAnyRemoved } = loadNewestSnapshot(environment, producers, options)
  const written = new Set<FileSlot>()
  let batches = 0
  const doubtful = new Set(listSnapshots(environment, directory).filter((offset) => offset > from))
  for (const segment of segments) {
    const { baseOffset } = segment
    // Retention may take the segments before, and then nothing else tells of their producers.
    if (baseOffset > from && !(doubtful.delete(baseOffset) && isSnapshotOf(environment, directory, baseOffset, producers))) {
      written.add(writeSnapshot(environment, directory, baseOffset, producers))
    }
    if (segments.endOffsetOf(segment, logEndOffset) <= from || segment.sizeBytes === 0) continue
    const start = segment.baseOffset >= from ? 0 : (seekBatch(segment, from)?.position ?? segment.sizeBytes)
    const { file, release } = segment.log.hold()
    try {
      // Headers say all that is to be known, except for the few bytes of a marker.
      const scanner = new BatchScanner({ file, from: start, to: segment.sizeBytes, isWhole: false })
      for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
        const { bytes, at } = scanner
        if (batchProducerId(bytes, at) >= 0) {
          const batch = isControl(bytes, at) ? await wholeBatch(scanner, file) : bytes
          const aborted = replayBatch(producers, batch, isControl(bytes, at) ? 0 : at)
          if (aborted !== null && aborted.lastOffset >= transactionIndexEndOffset) segment.transactionIndex.append(aborted)
        }
        batches += 1
        if (batches % TURN_BATCHES === 0) await new Promise<void>((resolve) => environment.clock.defer(resolve))
      }
      if (scanner.damage !== null) throw new LogCorruptError(segment.log.path, scanner.endPosition, scanner.damage)
    } finally {
      release()
    }
  }
  // The others may be of batches that were lost, with others in their place by now.
  for (const offset of doubtful) removeSnapshot(environment, directory, offset)
  return { isAnyRemoved: isAnyRemoved || doubtful.size > 0, written }
}

async function wholeBatch(scanner: BatchScanner, file: { read(into: Uint8Array, position: number): Promise<number> }): Promise<Uint8Array> {
  const bytes = new Uint8Array(scanner.sizeInBytes)
  await file.read(bytes, scanner.position)
  return bytes
}

interface LoadedSnapshot {
  /** Up to here it goes; the log's start without one. */
  readonly offset: number
  readonly isAnyRemoved: boolean
}

/** Damaged and needless snapshots are removed. */
function loadNewestSnapshot(environment: LogEnvironment, producers: ProducerState, options: ProducerReplayOptions): LoadedSnapshot {
  const { directory, segments, logEndOffset, transactionIndexEndOffset } = options
  let isAnyRemoved = false
  for (const offset of listSnapshots(environment, directory).toReversed()) {
    const firstOffset = segments.first.baseOffset
    if (offset > logEndOffset || offset < firstOffset) {
      removeSnapshot(environment, directory, offset)
      isAnyRemoved = true
      continue
    }
    // Of what came before the first segment nothing else tells.
    if (offset > transactionIndexEndOffset && offset > firstOffset) continue
    const entries = readSnapshot(environment, directory, offset)
    if (entries !== null) {
      producers.load(entries)
      return { offset, isAnyRemoved }
    }
    environment.logger.warn('a producer snapshot is damaged; producers are read from the log instead', { directory, offset })
    removeSnapshot(environment, directory, offset)
    isAnyRemoved = true
  }
  return { offset: segments.first.baseOffset, isAnyRemoved }
}

function replayBatch(producers: ProducerState, bytes: Uint8Array, at: number): AbortedTransaction | null {
  const change = stageKnownBatch(producers, bytes, at)
  return change === null ? null : producers.commit(change)
}
