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
    const found = await scan(environment, segment, from, log.logStartOffset, (time) => time >= timestampMs)
    if (found !== null) return found
  }
  return null
}

export async function findMaxTimestamp(
  environment: LogEnvironment,
  { segments, logStartOffset }: SearchedLog,
): Promise<TimestampedOffset | null> {
  const all = Array.from(segments)
  const live = all.filter((_, index) => (all[index + 1]?.baseOffset ?? Number.MAX_SAFE_INTEGER) > logStartOffset)
  const found = await findMaxIn(environment, newestOf(live), logStartOffset)
  const [first, ...rest] = live
  if (found !== null || first === undefined || newestOf(live) !== first) return found
  // The record with that time was deleted, which can be so in the first segment alone.
  const candidates = [await largestIn(environment, first, logStartOffset), await findMaxIn(environment, newestOf(rest), logStartOffset)]
  return candidates.reduce((best, next) => (best === null || (next !== null && next.timestampMs > best.timestampMs) ? next : best), null)
}

/** The first of those with the largest timestamp. */
function newestOf(segments: readonly Segment[]): Segment | null {
  return segments.reduce<Segment | null>(
    (newest, next) => (newest === null || next.maxTimestamp > newest.maxTimestamp ? next : newest),
    null,
  )
}

/** The record with the segment's largest timestamp, if it is not deleted. */
async function findMaxIn(environment: LogEnvironment, segment: Segment | null, minOffset: number): Promise<TimestampedOffset | null> {
  if (segment === null || segment.maxTimestamp < 0) return null
  const { maxTimestamp: wanted, maxTimestampOffset } = segment
  const from = seekBatch(segment, maxTimestampOffset)?.position ?? 0
  return scan(environment, segment, from, minOffset, (time) => time >= wanted)
}

/** The record with the largest timestamp of those that are left, by looking at all of them. */
async function largestIn(environment: LogEnvironment, segment: Segment, minOffset: number): Promise<TimestampedOffset | null> {
  let largest: TimestampedOffset | null = null
  for (let offset = minOffset; ; ) {
    const least: number = largest === null ? 0 : largest.timestampMs + 1
    const found = await scan(
      environment,
      segment,
      seekBatch(segment, offset)?.position ?? segment.sizeBytes,
      offset,
      (time) => time >= least,
    )
    if (found === null) return largest
    largest = found
    offset = found.offset + 1
  }
}

/** The first record from `from` on, at or above `minOffset`, whose time is wanted. A batch is looked into if its largest time is. */
async function scan(
  environment: LogEnvironment,
  segment: Segment,
  from: number,
  minOffset: number,
  isWanted: (timestampMs: number) => boolean,
): Promise<TimestampedOffset | null> {
  const { file, release } = segment.log.hold()
  try {
    const scanner = new BatchScanner({ file, from, to: segment.sizeBytes, isWhole: true })
    for (;;) {
      const next = scanner.next()
      if (!(typeof next === 'boolean' ? next : await next)) break
      const { bytes, at, position } = scanner
      if (batchLastOffset(bytes, at) < minOffset || !isWanted(maxTimestamp(bytes, at))) continue
      const found = await findRecord(environment, bytes, at, minOffset, isWanted).catch((error: unknown) => {
        throw new LogCorruptError(segment.log.path, position, error instanceof Error ? error.message : String(error))
      })
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
