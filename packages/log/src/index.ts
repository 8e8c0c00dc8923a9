/** One partition's log, and the directory that holds many. */
export type { AppendOptions, AppendOutcome } from './append-stage.ts'
export { COMPACTION } from './compaction/compaction-module.ts'
export {
  type DescribedLog,
  type FoundPartition,
  type LogDirectory,
  type LogDirectoryOptions,
  openLogDirectory,
} from './directory/log-directory.ts'
export { startMaintenance, type Maintenance, type MaintenanceOptions } from './directory/maintenance.ts'
export { isWantOfRoom, LogCorruptError, STORAGE_ERROR_CODES, StorageError, type StorageErrorCode } from './errors.ts'
export type { EpochEndOffset } from './leader-epoch-cache.ts'
export { DEFAULT_LOG_CONFIG, DEFAULT_LOG_DIRECTORY_SETTINGS, type LogConfig, type LogDirectorySettings } from './log-config.ts'
export type { ReadOptions, ReadResult } from './log-reader.ts'
export type { PartitionLog } from './partition-log.ts'
export type { TransactionVersion } from './producer-state/append-rules.ts'
export type { ProducerEntry } from './producer-state/producer-entry.ts'
export type { TransactionVerification } from './producer-state/transaction-verifications.ts'
export type { TimestampedOffset } from './timestamp-search.ts'
export type { AbortedTransaction } from './transaction-index.ts'
