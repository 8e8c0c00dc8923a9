/**
 * The transaction indexes of a log as far as they tell the truth. They have no checksum, and a wrong entry would show aborted
 * records to readers that asked for committed ones, so each entry is compared with the marker and the batch that it names.
 *
 * Entries below the recovery point are durable and are not made again by the next start, so a file that has them is never cut:
 * where it is wrong, it is replaced once the right one is complete.
 */
import type { BatchHeader } from '@millrace/protocol'
import { LogCorruptError } from '../errors.ts'
import { SEGMENT_SUFFIXES, type SegmentSuffix } from '../file-names.ts'
import type { FileSlot } from '../file-pool.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { batchHeaderAt, seekBatch } from '../seek-batch.ts'
import type { Segment } from '../segment.ts'
import type { SegmentList } from '../segment-list.ts'
import { type AbortedTransaction, TRANSACTION_INDEX_ENTRY_BYTES } from '../transaction-index.ts'

export interface TransactionIndexesOptions {
  readonly segments: SegmentList
  readonly sizes: ReadonlyMap<number, ReadonlyMap<SegmentSuffix, number>>
  readonly logEndOffset: number
  /** Entries of markers below this offset were durable. */
  readonly durableEndOffset: number
}

export interface KeptTransactionIndexes {
  /** Entries of markers from here on have to be made anew. */
  readonly endOffset: number
  /** Segments whose file is wrong. */
  readonly damaged: ReadonlySet<Segment>
}

/** Forgets entries that are not durable or not true. */
export function keepTrueEntries({ logger }: LogEnvironment, options: TransactionIndexesOptions): KeptTransactionIndexes {
  const { segments, sizes, logEndOffset, durableEndOffset } = options
  const damaged = new Set<Segment>()
  let endOffset = durableEndOffset
  for (const segment of segments) {
    const segmentEndOffset = segments.endOffsetOf(segment, logEndOffset)
    const { transactionIndex } = segment
    if (segment.baseOffset < durableEndOffset) {
      const sizeBytes = sizes.get(segment.baseOffset)?.get(SEGMENT_SUFFIXES.transactionIndex) ?? 0
      if (sizeBytes % TRANSACTION_INDEX_ENTRY_BYTES !== 0 || !areTrue(segment, segmentEndOffset, segments)) {
        logger.warn('a transaction index is damaged; it is made anew', { path: transactionIndex.entries.slot.path })
        endOffset = Math.min(endOffset, segment.baseOffset)
      }
      // All that come after it are made anew with it.
      if (segment.baseOffset >= endOffset) damaged.add(segment)
    }
    if (damaged.has(segment)) transactionIndex.entries.startOver()
    else if (segment.baseOffset >= endOffset) transactionIndex.entries.truncate(0)
    else if (segmentEndOffset > endOffset) transactionIndex.truncate(endOffset)
    if (segmentEndOffset > endOffset) transactionIndex.entries.load()
  }
  return { endOffset, damaged }
}

/** Writes what was made anew, the durable part of it durably. Returns what has to be synced. Rejects with a `DiskError`. */
export async function storeEntries({ disk }: LogEnvironment, segments: SegmentList, damaged: ReadonlySet<Segment>): Promise<FileSlot[]> {
  const unsynced: FileSlot[] = []
  for (const segment of segments) {
    const { entries } = segment.transactionIndex
    if (damaged.has(segment)) await entries.replace(disk)
    else if (entries.unwrittenCount > 0) {
      entries.write()
      unsynced.push(entries.slot)
    }
    if (segment !== segments.active) entries.unload()
  }
  return unsynced
}

function areTrue(segment: Segment, endOffset: number, segments: SegmentList): boolean {
  const { transactionIndex } = segment
  if (transactionIndex.entries.count === 0) return true
  if (!transactionIndex.isSound(segment.baseOffset, endOffset)) return false
  return transactionIndex.all().every((transaction) => isTrue(transaction, segment, segments))
}

function isTrue({ producerId, firstOffset, lastOffset }: AbortedTransaction, segment: Segment, segments: SegmentList): boolean {
  const marker = headerOf(segment, lastOffset)
  if (marker === null || !marker.isControl || marker.producerId !== producerId || marker.baseOffset > lastOffset) return false
  if (firstOffset < segments.first.baseOffset) return true
  const begin = headerOf(segments.floor(firstOffset), firstOffset)
  // It may have been compacted away.
  if (begin === null || begin.baseOffset > firstOffset) return true
  return begin.baseOffset === firstOffset && begin.producerId === producerId && begin.isTransactional
}

/** Null where there is no such batch, and where the segment is damaged: whoever reads there will hear of it. */
function headerOf(segment: Segment, offset: number): BatchHeader | null {
  try {
    const batch = seekBatch(segment, offset)
    return batch === null ? null : batchHeaderAt(segment, batch.position)
  } catch (error) {
    if (error instanceof LogCorruptError) return null
    throw error
  }
}
