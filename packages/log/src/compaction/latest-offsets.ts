/** The first half of a compaction: the latest offset of every key in the part of the log that was never compacted. */
import { batchBaseOffset, isControl, RecordCursor } from '@millrace/protocol'
import { STORAGE_ERROR_CODES, StorageError } from '../errors.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { seekBatch } from '../seek-batch.ts'
import type { Segment } from '../segment.ts'
import { uncompressedRecords } from './compact-batch.ts'
import { OffsetMap } from './offset-map.ts'
import type { SeenTransactions } from './seen-transactions.ts'
import type { Turns } from './turns.ts'
import { visitBatches } from './visit-batches.ts'

export interface OffsetRange {
  readonly from: number
  readonly to: number
}

export interface LatestOffsets {
  readonly map: OffsetMap
  /** Offsets below are in the map. Less than the range's end when there were more keys than the map has room for. */
  readonly endOffset: number
}

/**
 * `segments` hold the range, nothing after it. Aborted records do not count. Rejects with a `LogCorruptError`, a `DiskError`, and
 * with a `StorageError` when not even one batch fits the map.
 */
export async function latestOffsets(
  environment: LogEnvironment,
  segments: readonly Segment[],
  range: OffsetRange,
  transactions: SeenTransactions,
  turns: Turns,
): Promise<LatestOffsets> {
  const { random, settings } = environment
  const map = new OffsetMap(random, settings.cleanerDedupeBufferBytes, range.to - range.from)
  let endOffset = range.to
  for (const segment of segments) {
    const from = segment.baseOffset >= range.from ? 0 : (seekBatch(segment, range.from)?.position ?? segment.sizeBytes)
    await visitBatches(environment, segment, from, turns, async (batch) => {
      if (isControl(batch, 0) || transactions.passData(batch, 0)) return true
      if (putKeys(map, batch, await uncompressedRecords(environment, batch, turns), range.from)) return true
      endOffset = batchBaseOffset(batch, 0)
      return false
    })
    if (endOffset < range.to) break
  }
  if (endOffset > range.from) return { map, endOffset }
  const path = segments[0]?.log.path ?? ''
  const message = `a batch of ${path} has more keys than a compaction has memory for; raise log.cleaner.dedupe.buffer.size`
  throw new StorageError(STORAGE_ERROR_CODES.uncleanable, path, message)
}

/** False when there is no room for all of them. Those that were put name records that no shorter range touches. */
function putKeys(map: OffsetMap, batch: Uint8Array, records: Uint8Array, fromOffset: number): boolean {
  const baseOffset = batchBaseOffset(batch, 0)
  const cursor = new RecordCursor(records)
  while (cursor.next()) {
    const offset = baseOffset + cursor.offsetDelta
    if (cursor.keyLength < 0 || offset < fromOffset) continue
    if (!map.put(cursor.bytes, cursor.keyStart, cursor.keyLength, offset)) return false
  }
  return true
}
