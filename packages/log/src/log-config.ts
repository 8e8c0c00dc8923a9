/** What one log, and one log directory, are asked to be like. Names and defaults are Kafka's where it has them. */

/** The part of a topic's config that its logs go by. */
export interface LogConfig {
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly segmentJitterMs: number
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
  /** -1: no limit. */
  readonly retentionMs: number
  /** -1: no limit. */
  readonly retentionBytes: number
  readonly cleanupPolicy: { readonly delete: boolean; readonly compact: boolean }
  readonly deleteRetentionMs: number
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  readonly fileDeleteDelayMs: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly flushMessages: number
  readonly flushMs: number
}

const DAY_MS = 24 * 60 * 60 * 1000

export const DEFAULT_LOG_CONFIG: LogConfig = {
  segmentBytes: 1024 ** 3,
  segmentMs: 7 * DAY_MS,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 ** 2,
  indexIntervalBytes: 4096,
  retentionMs: 7 * DAY_MS,
  retentionBytes: -1,
  cleanupPolicy: { delete: true, compact: false },
  deleteRetentionMs: DAY_MS,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  fileDeleteDelayMs: 60_000,
  messageTimestampType: 'CreateTime',
  flushMessages: Number.MAX_SAFE_INTEGER,
  flushMs: Number.MAX_SAFE_INTEGER,
}

/** What all logs of a directory share. */
export interface LogDirectorySettings {
  /** Files held open when nobody reads from them. */
  readonly openFilesMax: number
  /** Memory for recently appended bytes of logs whose tail is being read. */
  readonly tailCacheBytes: number
  /** Syncs that wait for the device at a time, so that a slow one does not take every thread. */
  readonly concurrentSyncs: number
  readonly checkpointIntervalMs: number
  readonly retentionCheckIntervalMs: number
  readonly cleanerBackoffMs: number
  /** Memory for the offset map of a compaction. */
  readonly cleanerDedupeBufferBytes: number
  readonly producerIdExpirationMs: number
  readonly producerIdExpirationCheckIntervalMs: number
  readonly producersPerPartitionMax: number
  /** Between two times that all that is stored is read and checked. */
  readonly scrubIntervalMs: number
  /** How fast, so that nobody notices. */
  readonly scrubBytesPerSecond: number
}

export const DEFAULT_LOG_DIRECTORY_SETTINGS: LogDirectorySettings = {
  openFilesMax: 1000,
  tailCacheBytes: 64 * 1024 ** 2,
  concurrentSyncs: 4,
  checkpointIntervalMs: 60_000,
  retentionCheckIntervalMs: 300_000,
  cleanerBackoffMs: 15_000,
  cleanerDedupeBufferBytes: 128 * 1024 ** 2,
  producerIdExpirationMs: DAY_MS,
  producerIdExpirationCheckIntervalMs: 600_000,
  producersPerPartitionMax: 100_000,
  scrubIntervalMs: 7 * DAY_MS,
  scrubBytesPerSecond: 5 * 1024 ** 2,
}
