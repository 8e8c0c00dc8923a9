/** The log that the metadata is kept in: what the controller needs of it, and how it is to be opened. */
import {
  type AppendOptions,
  type AppendOutcome,
  DEFAULT_LOG_CONFIG,
  type LogConfig,
  type ReadOptions,
  type ReadResult,
} from '@millrace/log'

/** Kafka's name and id for it, so that Kafka's tools know what they are looking at. */
export const METADATA_TOPIC = '__cluster_metadata'
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
export const METADATA_PARTITION = 0

/** A record is deleted because a snapshot has what it did, never for its age or for the log's size. */
export const METADATA_LOG_CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  segmentBytes: 64 * 1024 ** 2,
  segmentMs: Number.MAX_SAFE_INTEGER,
  retentionMs: -1,
  retentionBytes: -1,
}

/** The part of a `LogDirectory` that the controller uses. */
export interface MetadataDirectory {
  readonly path: string
  /** Names this life of the directory: one that was lost comes back under another. */
  readonly directoryId: string
  /** The process that used it last stopped in good order. */
  readonly wasCleanShutdown: boolean
  readonly checkpoints: {
    readonly logStartOffsets: { get(name: string): number | null }
    /** Everything below was durable. */
    recoveryPoint(name: string): number | null
    /** Nothing that is remembered of the log of this name holds any more. */
    forget(name: string): Promise<void>
  }
  open(topic: string, partition: number, topicId: string, config: LogConfig): Promise<MetadataLog>
}

export const METADATA_LOG_NAME = `${METADATA_TOPIC}-${METADATA_PARTITION}`

export function openMetadataLog(directory: MetadataDirectory): Promise<MetadataLog> {
  return directory.open(METADATA_TOPIC, METADATA_PARTITION, METADATA_TOPIC_ID, METADATA_LOG_CONFIG)
}

/** The part of a `PartitionLog` that the metadata is kept with. */
export interface MetadataLog {
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly durableEndOffset: number
  readonly latestLeaderEpoch: number
  stage(batch: Uint8Array, options: AppendOptions): AppendOutcome
  commitStaged(): void
  flush(): Promise<void>
  read(options: ReadOptions): ReadResult
  setHighWatermark(highWatermark: number): void
  roll(): void
  deleteRecordsBefore(offset: number): void
  /** Cuts the log from this offset on. Durable when it resolves. */
  truncateTo(offset: number): Promise<void>
  /** Empties the log, which then begins and ends at this offset. Durable when it resolves. */
  resetTo(offset: number): Promise<void>
}
