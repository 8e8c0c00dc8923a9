/**
 * The configs in force for one topic, as values: what the topic sets, what the broker says for topics that set nothing, and
 * the defaults. This is what the log and the partition work with.
 */
import { METADATA_ERROR_CODES, MetadataError } from '../errors.ts'
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import type { ConfigKind } from './config-kind.ts'
import { effectiveTopicValue } from './effective-topic-value.ts'
import {
  type CLEANUP_POLICIES,
  type COMPRESSION_TYPES,
  type DURABILITIES,
  type TIMESTAMP_TYPES,
  TOPIC_CONFIGS,
  type TopicConfigName,
} from './topic-configs.ts'

/** Limits that are off are -1; times and counts without end are `Number.MAX_SAFE_INTEGER`. */
export interface TopicConfig {
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly segmentJitterMs: number
  readonly segmentIndexBytes: number
  readonly indexIntervalBytes: number
  /** -1: no limit. */
  readonly retentionMs: number
  /** -1: no limit. */
  readonly retentionBytes: number
  readonly cleanupPolicy: CleanupPolicy
  readonly deleteRetentionMs: number
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  readonly fileDeleteDelayMs: number
  readonly maxMessageBytes: number
  readonly messageTimestampType: (typeof TIMESTAMP_TYPES)[number]
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  readonly flushMessages: number
  readonly flushMs: number
  readonly compressionType: (typeof COMPRESSION_TYPES)[number]
  readonly compressionGzipLevel: number
  readonly compressionLz4Level: number
  readonly compressionZstdLevel: number
  readonly preallocate: boolean
  readonly minInsyncReplicas: number
  readonly uncleanLeaderElectionEnable: boolean
  readonly durability: (typeof DURABILITIES)[number]
}

export interface CleanupPolicy {
  readonly delete: boolean
  readonly compact: boolean
}

/** Throws a `MetadataError` for values that are not allowed: what is in an image was checked before it got there. */
export function parseTopicConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): TopicConfig {
  const read = <Name extends TopicConfigName>(name: Name): KindValue<(typeof TOPIC_CONFIGS)[Name]['kind']> => {
    const text = effectiveTopicValue(name, overrides, brokerConfig)
    const value = TOPIC_CONFIGS[name].kind.parse(text)
    if (value === undefined) {
      throw new MetadataError(METADATA_ERROR_CODES.configInvalid, `${name} has the value "${text}", which is not allowed`)
    }
    return value as KindValue<(typeof TOPIC_CONFIGS)[Name]['kind']>
  }
  const policy: readonly (typeof CLEANUP_POLICIES)[number][] = read('cleanup.policy')
  return {
    segmentBytes: read('segment.bytes'),
    segmentMs: read('segment.ms'),
    segmentJitterMs: read('segment.jitter.ms'),
    segmentIndexBytes: read('segment.index.bytes'),
    indexIntervalBytes: read('index.interval.bytes'),
    retentionMs: read('retention.ms'),
    retentionBytes: read('retention.bytes'),
    cleanupPolicy: { delete: policy.includes('delete'), compact: policy.includes('compact') },
    deleteRetentionMs: read('delete.retention.ms'),
    minCleanableDirtyRatio: read('min.cleanable.dirty.ratio'),
    minCompactionLagMs: read('min.compaction.lag.ms'),
    maxCompactionLagMs: read('max.compaction.lag.ms'),
    fileDeleteDelayMs: read('file.delete.delay.ms'),
    maxMessageBytes: read('max.message.bytes'),
    messageTimestampType: read('message.timestamp.type'),
    messageTimestampBeforeMaxMs: read('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: read('message.timestamp.after.max.ms'),
    flushMessages: read('flush.messages'),
    flushMs: read('flush.ms'),
    compressionType: read('compression.type'),
    compressionGzipLevel: read('compression.gzip.level'),
    compressionLz4Level: read('compression.lz4.level'),
    compressionZstdLevel: read('compression.zstd.level'),
    preallocate: read('preallocate'),
    minInsyncReplicas: read('min.insync.replicas'),
    uncleanLeaderElectionEnable: read('unclean.leader.election.enable'),
    durability: read('durability'),
  }
}

type KindValue<Kind> = Kind extends ConfigKind<infer Value> ? Value : never
