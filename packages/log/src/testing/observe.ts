/** Everything that can be asked of a log, so that two of them can be compared. */
import { batchBaseOffset, batchLastOffset, batchSizeInBytes } from '@millrace/protocol'
import type { PartitionLog } from '../partition-log.ts'
import { bytesOf } from './log-fixture.ts'

export interface ObservedBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly hex: string
}

/** All whole batches from `offset` on, byte for byte. */
export function batchesOf(log: PartitionLog, offset = log.logStartOffset): ObservedBatch[] {
  const found: ObservedBatch[] = []
  let next = offset
  while (next < log.logEndOffset) {
    const bytes = bytesOf(log, next, 100_000)
    let at = 0
    while (at + 61 <= bytes.length && at + batchSizeInBytes(bytes, at) <= bytes.length) {
      const end = at + batchSizeInBytes(bytes, at)
      found.push({
        baseOffset: batchBaseOffset(bytes, at),
        lastOffset: batchLastOffset(bytes, at),
        hex: Buffer.from(bytes.subarray(at, end)).toString('hex'),
      })
      next = batchLastOffset(bytes, at) + 1
      at = end
    }
    if (at === 0) break
  }
  return found
}

export interface ObserveOptions {
  /** Looked up by time, all that are given. */
  readonly timestamps?: readonly number[]
}

export async function observe(log: PartitionLog, { timestamps = [] }: ObserveOptions = {}): Promise<object> {
  log.setHighWatermark(log.logEndOffset)
  const { logStartOffset, logEndOffset, latestLeaderEpoch } = log
  const epochs = Array.from({ length: Math.max(0, latestLeaderEpoch) + 2 }, (_, epoch) => log.endOffsetForEpoch(epoch))
  const byTime = []
  for (const timestamp of timestamps) byTime.push(await log.offsetForTimestamp(timestamp))
  // Snapshots keep the last batch of each producer, and not when it was appended.
  const producers = Array.from(log.producerState.entries(), ({ batches, ...entry }) => ({
    ...entry,
    lastBatch: { ...batches.at(-1), timestamp: 0 },
  }))
  return {
    logStartOffset,
    logEndOffset,
    segments: [...log.segments].map(({ baseOffset, sizeBytes, maxTimestamp }) => ({ baseOffset, sizeBytes, maxTimestamp })),
    batches: batchesOf(log),
    epochs,
    epochAt: Array.from({ length: logEndOffset - logStartOffset }, (_, index) => log.leaderEpochAt(logStartOffset + index)),
    lastStableOffset: log.lastStableOffset(logEndOffset),
    firstOpenTransactionOffset: log.producerState.firstOpenTransactionOffset(),
    aborted: log.abortedTransactions(0, logEndOffset),
    producers: producers.sort((a, b) => a.producerId - b.producerId),
    byTime,
    maxTimestampOffset: await log.maxTimestampOffset(),
  }
}
