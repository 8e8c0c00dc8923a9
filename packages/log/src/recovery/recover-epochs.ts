/**
 * The leader epochs of a log, from their checkpoint as far as that tells the truth. Replicas cut their logs by them, so wrong ones
 * would cost records: each entry is compared with the batches where it says that the epoch began, and if one is wrong or the file
 * is lost, the headers of all batches tell.
 */
import { type BatchHeader, batchBaseOffset, partitionLeaderEpoch } from '@millrace/protocol'
import { BatchScanner } from '../batch-scanner.ts'
import { LEADER_EPOCH_CHECKPOINT, type LeaderEpochEntry, parseLeaderEpochCheckpoint } from '../checkpoint/leader-epoch-checkpoint.ts'
import { LogCorruptError } from '../errors.ts'
import { LeaderEpochCache } from '../leader-epoch-cache.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { batchHeaderAt, seekBatch } from '../seek-batch.ts'
import type { SegmentList } from '../segment-list.ts'

export interface EpochRecovery {
  readonly directory: string
  readonly segments: SegmentList
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Batches from here on were read, and these are the epochs that began in them. */
  readonly checkedFromOffset: number
  readonly read: readonly LeaderEpochEntry[]
}

export async function recoverEpochs(environment: LogEnvironment, log: EpochRecovery): Promise<LeaderEpochCache> {
  const { disk, logger } = environment
  const { segments, logStartOffset, logEndOffset, checkedFromOffset, read } = log
  const path = `${log.directory}/${LEADER_EPOCH_CHECKPOINT}`
  const isStored = disk.stat(path) !== null
  const stored = isStored ? parseLeaderEpochCheckpoint(disk.readFile(path)) : null
  const epochs = new LeaderEpochCache(stored ?? [])
  epochs.truncateFromEnd(logEndOffset)
  for (const { epoch, startOffset } of read) epochs.assign(epoch, startOffset)
  epochs.truncateFromStart(logStartOffset)
  const isAllRead = checkedFromOffset <= segments.first.baseOffset
  const isTold = stored === null ? isAllRead || epochOf(segments, checkedFromOffset - 1) < 0 : areTrue(epochs.entries, log)
  if (isTold) return epochs
  logger.warn('the leader epochs are lost or damaged; they are read from the batches', { path })
  const told = new LeaderEpochCache()
  await readEpochs(environment, segments, told)
  told.truncateFromStart(logStartOffset)
  return told
}

/** Whether each epoch is that of the first and the last batch between its start and that of the next, and none is missing. */
function areTrue(entries: readonly LeaderEpochEntry[], { segments, logStartOffset, logEndOffset }: EpochRecovery): boolean {
  const none = { epoch: -1, startOffset: logStartOffset }
  const all = entries[0]?.startOffset === logStartOffset ? entries : [none, ...entries]
  return all.every(({ epoch, startOffset }, index) => {
    const endOffset = all[index + 1]?.startOffset ?? logEndOffset
    // Where records were compacted away, the batch that is found is a later one, or one of an epoch before.
    const first = headerOf(segments, startOffset)
    if (first !== null && first.baseOffset < endOffset && first.partitionLeaderEpoch !== epoch) return false
    const last = headerOf(segments, endOffset - 1)
    if (last === null || last.baseOffset < startOffset || last.baseOffset >= endOffset) return true
    return last.lastOffset < endOffset && last.partitionLeaderEpoch === epoch
  })
}

function epochOf(segments: SegmentList, offset: number): number {
  return headerOf(segments, offset)?.partitionLeaderEpoch ?? -1
}

/** Of the first batch that ends at the offset or later, null without one, and where the batches there are damaged. */
function headerOf(segments: SegmentList, offset: number): BatchHeader | null {
  if (offset < segments.first.baseOffset) return null
  for (let segment = segments.floor(offset); ; ) {
    try {
      const batch = seekBatch(segment, offset)
      if (batch !== null) return batchHeaderAt(segment, batch.position)
    } catch (error) {
      if (error instanceof LogCorruptError) return null
      throw error
    }
    const next = segments.after(segment)
    if (next === null) return null
    segment = next
  }
}

/** No checksum covers a batch's epoch. One that is higher than the next batch's has rotted, and may not be believed. */
async function readEpochs({ clock }: LogEnvironment, segments: SegmentList, epochs: LeaderEpochCache): Promise<void> {
  let latest = -1
  for (const segment of segments) {
    const { file, release } = segment.log.hold()
    try {
      const scanner = new BatchScanner({ file, from: 0, to: segment.sizeBytes, isWhole: false, minOffset: segment.baseOffset })
      for (let next = scanner.next(); typeof next === 'boolean' ? next : await next; next = scanner.next()) {
        const epoch = partitionLeaderEpoch(scanner.bytes, scanner.at)
        if (epoch < latest) {
          throw new LogCorruptError(segment.log.path, scanner.position, `a batch of leader epoch ${epoch} comes after one of ${latest}`)
        }
        latest = epoch
        epochs.assign(epoch, batchBaseOffset(scanner.bytes, scanner.at))
      }
      if (scanner.damage !== null) throw new LogCorruptError(segment.log.path, scanner.endPosition, scanner.damage)
    } finally {
      release()
    }
    await new Promise<void>((resolve) => clock.defer(resolve))
  }
}
