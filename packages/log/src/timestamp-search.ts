/** Finds records by their time: for `ListOffsets`, and for people who rewind a consumer to this morning. */
import {
  batchBaseOffset,
  batchCodec,
  hasLogAppendTime,
  baseTimestamp,
  maxTimestamp,
  partitionLeaderEpoch,
  batchLastOffset,
  recordBytes,
  RecordCursor,
} from '@millrace/protocol'
import { BatchScanner } from './batch-scanner.ts'
import { LogCorruptError } from './errors.ts'
import type { LogEnvironment } from './log-environment.ts'
import { isTimeOfBatch, seekBatch } from './seek-batch.ts'
import type { Segment } from './segment.ts'
import type { SegmentList } from './segment-list.ts'

export interface TimestampedOffset {
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

/** What a search needs of a log. */
export interface SearchedLog {
  readonly segments: SegmentList
  readonly logStartOffset: number
  readonly highWatermark: number
}

/** No batch decompresses to more than this; what does was not taken by any broker. */
const UNCOMPRESSED_BYTES_MAX = 128 * 1024 * 1024

export async function findTimestamp(environment: LogEnvironment, log: SearchedLog, timestampMs: number): Promise<TimestampedOffset | null> {
  for (const segment of Array.from(log.segments)) {
    if (segment.maxTimestamp < timestampMs) continue
    const before = segment.timeIndex.lastBefore(timestampMs)
    // An index entry that is not true would make the search begin too late.
    const from = before !== null && isTimeOfBatch(segment, before) ? (seekBatch(segment, before.offset)?.position ?? 0) : 0
    const found = await scan(
      environment,
      segment,
      from,
      log.logStartOffset,
      (batchMax) => batchMax >= timestampMs,
      (time) => time >= timestampMs,
    )
    if (found !== null) return found
  }
  return null
}

export async function findMaxTimestamp(environment: LogEnvironment, log: SearchedLog): Promise<TimestampedOffset | null> {
  let newest: Segment | null = null
  for (const segment of log.segments) if (newest === null || segment.maxTimestamp > newest.maxTimestamp) newest = segment
  if (newest === null || newest.maxTimestamp < 0) return null
  const { maxTimestamp: wanted, maxTimestampOffset } = newest
  const from = seekBatch(newest, maxTimestampOffset)?.position ?? 0
  return scan(
    environment,
    newest,
    from,
    log.logStartOffset,
    (batchMax) => batchMax >= wanted,
    (time) => time >= wanted,
  )
}

/** The first record from `from` on, at or above `minOffset`, whose batch and time are wanted. */
async function scan(
  environment: LogEnvironment,
  segment: Segment,
  from: number,
  minOffset: number,
  isBatchWanted: (maxTimestampMs: number) => boolean,
  isWanted: (timestampMs: number) => boolean,
): Promise<TimestampedOffset | null> {
  const { file, release } = segment.log.hold()
  try {
    const scanner = new BatchScanner({ file, from, to: segment.sizeBytes, isWhole: true })
    for (;;) {
      const next = scanner.next()
      if (!(typeof next === 'boolean' ? next : await next)) break
      const { bytes, at } = scanner
      if (batchLastOffset(bytes, at) < minOffset || !isBatchWanted(maxTimestamp(bytes, at))) continue
      const found = await findRecord(environment, bytes, at, minOffset, isWanted)
      if (found !== null) return found
    }
    if (scanner.damage !== null) throw new LogCorruptError(segment.log.path, scanner.endPosition, scanner.damage)
    return null
  } finally {
    release()
  }
}

async function findRecord(
  { compression }: LogEnvironment,
  bytes: Uint8Array,
  at: number,
  minOffset: number,
  isWanted: (timestampMs: number) => boolean,
): Promise<TimestampedOffset | null> {
  const leaderEpoch = partitionLeaderEpoch(bytes, at)
  const baseOffset = batchBaseOffset(bytes, at)
  const fixedTimestamp = hasLogAppendTime(bytes, at) ? maxTimestamp(bytes, at) : null
  const base = baseTimestamp(bytes, at)
  const codec = batchCodec(bytes, at) ?? 'none'
  const body = recordBytes(bytes, at)
  const records = codec === 'none' ? body : await compression.decompressAsync(codec, body.slice(), UNCOMPRESSED_BYTES_MAX)
  const cursor = new RecordCursor(records)
  while (cursor.next()) {
    const timestampMs = fixedTimestamp ?? base + cursor.timestampDelta
    const offset = baseOffset + cursor.offsetDelta
    if (offset >= minOffset && isWanted(timestampMs)) return { offset, timestampMs, leaderEpoch }
  }
  return null
}
