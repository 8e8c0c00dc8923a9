/** Logs of keyed records, for tests of compaction. */
import { batchBaseOffset, batchSizeInBytes, buildBatch, type Codec, isControl, readRecords } from '@millrace/protocol'
import { createCompression, crc32c } from '@millrace/runtime'
import { startMaintenance } from '../directory/maintenance.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from '../log-config.ts'
import type { PartitionLog } from '../partition-log.ts'
import { bytesOf, type LogFixture, TOPIC_ID } from './log-fixture.ts'

/** Compacted whenever there is anything to compact. */
export const COMPACTED: Partial<LogConfig> = {
  cleanupPolicy: { delete: false, compact: true },
  minCleanableDirtyRatio: 0,
  segmentBytes: 600,
}

const compression = createCompression()

export interface KeyedRecord {
  readonly key: string | null
  /** Null: a tombstone. */
  readonly value: string | null
  readonly timestamp?: number
}

export interface KeyedBatchOptions {
  readonly codec?: Codec
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
}

export function keyedBatch(records: readonly KeyedRecord[], options: KeyedBatchOptions = {}): Uint8Array {
  return buildBatch({
    records: records.map(({ key, value, timestamp = 1_700_000_000_000 }) => ({
      timestamp,
      key: key === null ? null : encode(key),
      value: value === null ? null : encode(value),
      headers: [{ key: encode('of'), value: encode(key ?? '') }],
    })),
    compress: (type, bytes) => compression.compress(type, bytes),
    crc32c,
    ...options,
  })
}

/** The whole batches of a log, in order. */
export function batchesOf(log: PartitionLog): Uint8Array[] {
  const batches: Uint8Array[] = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const bytes = bytesOf(log, offset, 2 ** 30)
    if (bytes.length === 0) break
    for (let at = 0; at < bytes.length; at += batchSizeInBytes(bytes, at)) {
      const batch = bytes.slice(at, at + batchSizeInBytes(bytes, at))
      batches.push(batch)
      offset = batchBaseOffset(batch, 0) + new DataView(batch.buffer).getInt32(23) + 1
    }
  }
  return batches
}

export interface FoundRecord extends KeyedRecord {
  readonly offset: number
  readonly timestamp: number
}

/** The records of a log as a reader sees them; transaction markers are left out. */
export function recordsOf(log: PartitionLog): FoundRecord[] {
  return batchesOf(log)
    .filter((batch) => !isControl(batch, 0))
    .flatMap(recordsIn)
}

export function recordsIn(batch: Uint8Array): FoundRecord[] {
  const records = readRecords(batch, 0, (type, bytes) => compression.decompress(type, bytes, 2 ** 24))
  return records.map(({ offset, timestamp, key, value }) => ({ offset, timestamp, key: decode(key), value: decode(value) }))
}

/** Makes all that was appended ready for compaction, and compacts it. Returns whether anything was. */
export async function compact(fixture: LogFixture): Promise<boolean> {
  const { log } = fixture
  log.roll()
  log.setHighWatermark(log.logEndOffset)
  const maintenance = startMaintenance(fixture.directory, { configFor: () => ({ topicId: TOPIC_ID, config: DEFAULT_LOG_CONFIG }) })
  const isCompacted = await maintenance.cleanOnce()
  await maintenance.stop()
  return isCompacted
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decode(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes)
}
