/**
 * The registry of topic configs: Kafka's names, types and defaults, and one of ours (`durability`). Validation, effective
 * values, DescribeConfigs and the documentation derive from it.
 *
 * `brokerNames` are the broker configs that stand in for a topic that sets nothing, best first. Where units differ from the
 * topic's, `unitMs` says how many milliseconds the broker's unit has.
 *
 * Tiered storage does not exist here: its configs are known by name so that they can be refused with a reason, and those
 * that only matter together with it are accepted and have no effect.
 */
import { boolean, type ConfigKind, double, int, listMatching, listOf, long, oneOf, onlyFalse } from './config-kind.ts'

export interface TopicConfigDefinition<Value> {
  readonly kind: ConfigKind<Value>
  readonly defaultValue: string
  readonly brokerNames: readonly BrokerName[]
  readonly documentation: string
}

export interface BrokerName {
  readonly name: string
  readonly unitMs: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const LONG_MAX = '9223372036854775807'

/** Without end: -1. */
const limit = long({ min: -1 })
const durationMs = long({ min: 0 })
const noTieredStorage = onlyFalse('tiered storage is not available')
const throttledReplicas = listMatching(/^(\*|[0-9]{1,10}:[0-9]{1,10})$/, 'a list of partition:broker pairs, or *')

export const COMPRESSION_TYPES = ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export const TIMESTAMP_TYPES = ['CreateTime', 'LogAppendTime'] as const
export const CLEANUP_POLICIES = ['delete', 'compact'] as const
export const DURABILITIES = ['fsync', 'replicated'] as const

export const TOPIC_CONFIGS = {
  'cleanup.policy': define(
    listOf(CLEANUP_POLICIES),
    'delete',
    [same('log.cleanup.policy')],
    'What happens to old segments: delete removes them by age and size, compact keeps the last value of each key; both may be set.',
  ),
  'compression.gzip.level': define(
    gzipLevel(),
    '-1',
    [same('compression.gzip.level')],
    "Level used when the broker itself compresses with gzip; -1 is the codec's own default.",
  ),
  'compression.lz4.level': define(
    int({ min: 1, max: 17 }),
    '9',
    [same('compression.lz4.level')],
    'Level used when the broker itself compresses with lz4.',
  ),
  'compression.type': define(
    oneOf(COMPRESSION_TYPES),
    'producer',
    [same('compression.type')],
    'Codec in which batches are kept. With producer they stay as they were sent.',
  ),
  'compression.zstd.level': define(
    int({ min: -131_072, max: 22 }),
    '3',
    [same('compression.zstd.level')],
    'Level used when the broker itself compresses with zstd.',
  ),
  'delete.retention.ms': define(
    durationMs,
    '86400000',
    [same('log.cleaner.delete.retention.ms')],
    'How long the tombstone of a deleted key stays in a compacted topic, so that slow readers learn of the deletion.',
  ),
  durability: define(
    oneOf(DURABILITIES),
    'fsync',
    [same('log.durability')],
    'What acks=all means: fsync, that the device of every in-sync replica has the records; replicated, that all of them have it in memory.',
  ),
  'file.delete.delay.ms': define(
    durationMs,
    '60000',
    [same('log.segment.delete.delay.ms')],
    'Time between taking a segment out of the log and removing its files.',
  ),
  'flush.messages': define(
    long({ min: 1 }),
    LONG_MAX,
    [same('log.flush.interval.messages')],
    'Records after which the log is flushed to the device without being asked.',
  ),
  'flush.ms': define(
    durationMs,
    LONG_MAX,
    [same('log.flush.interval.ms'), same('log.flush.scheduler.interval.ms')],
    'Time after which appended records are flushed to the device without being asked.',
  ),
  'follower.replication.throttled.replicas': define(
    throttledReplicas,
    '',
    [],
    'Replicas whose followers are held to the replication quota: partition:broker pairs, or * for all.',
  ),
  'index.interval.bytes': define(
    int({ min: 0 }),
    '4096',
    [same('log.index.interval.bytes')],
    'Bytes of log for each entry of the offset index.',
  ),
  'leader.replication.throttled.replicas': define(
    throttledReplicas,
    '',
    [],
    'Replicas whose leaders are held to the replication quota: partition:broker pairs, or * for all.',
  ),
  'local.retention.bytes': define(
    long({ min: -2 }),
    '-2',
    [same('log.local.retention.bytes')],
    'Only matters with tiered storage, which is not available.',
  ),
  'local.retention.ms': define(
    long({ min: -2 }),
    '-2',
    [same('log.local.retention.ms')],
    'Only matters with tiered storage, which is not available.',
  ),
  'max.compaction.lag.ms': define(
    long({ min: 1 }),
    LONG_MAX,
    [same('log.cleaner.max.compaction.lag.ms')],
    'The longest that a record may wait for compaction.',
  ),
  'max.message.bytes': define(
    int({ min: 0 }),
    '1048588',
    [same('message.max.bytes')],
    'Size of the largest record batch that is accepted, as compressed.',
  ),
  'message.timestamp.after.max.ms': define(
    durationMs,
    '3600000',
    [same('log.message.timestamp.after.max.ms')],
    "How far a record's timestamp may be ahead of the broker's clock. Only for CreateTime.",
  ),
  'message.timestamp.before.max.ms': define(
    durationMs,
    LONG_MAX,
    [same('log.message.timestamp.before.max.ms')],
    "How far a record's timestamp may be behind the broker's clock. Only for CreateTime.",
  ),
  'message.timestamp.type': define(
    oneOf(TIMESTAMP_TYPES),
    'CreateTime',
    [same('log.message.timestamp.type')],
    "Whose clock stamps the records: CreateTime, the producer's; LogAppendTime, the broker's.",
  ),
  'min.cleanable.dirty.ratio': define(
    double({ min: 0, max: 1 }),
    '0.5',
    [same('log.cleaner.min.cleanable.ratio')],
    'Share of a log that has to be uncompacted before compaction is worth it.',
  ),
  'min.compaction.lag.ms': define(
    durationMs,
    '0',
    [same('log.cleaner.min.compaction.lag.ms')],
    'The shortest that a record stays as it is before compaction may take it away.',
  ),
  'min.insync.replicas': define(
    int({ min: 1 }),
    '1',
    [same('min.insync.replicas')],
    'Replicas that have to be in sync for a produce with acks=all to be accepted.',
  ),
  preallocate: define(boolean, 'false', [same('log.preallocate')], 'Whether a new segment file gets its full size at once.'),
  'remote.log.copy.disable': define(noTieredStorage, 'false', [], 'Only matters with tiered storage, which is not available.'),
  'remote.log.delete.on.disable': define(noTieredStorage, 'false', [], 'Only matters with tiered storage, which is not available.'),
  'remote.storage.enable': define(noTieredStorage, 'false', [], 'Tiered storage, which is not available.'),
  'retention.bytes': define(
    limit,
    '-1',
    [same('log.retention.bytes')],
    'Size of a partition above which its oldest segments are deleted; -1 is no limit.',
  ),
  'retention.ms': define(
    limit,
    '604800000',
    [same('log.retention.ms'), unit('log.retention.minutes', MINUTE_MS), unit('log.retention.hours', HOUR_MS)],
    'Age of its newest record at which a segment is deleted; -1 is no limit.',
  ),
  'segment.bytes': define(
    int({ min: 1_048_576 }),
    '1073741824',
    [same('log.segment.bytes')],
    'Size at which a segment is full and the next one begins.',
  ),
  'segment.index.bytes': define(
    int({ min: 4 }),
    '10485760',
    [same('log.index.size.max.bytes')],
    'Largest size of an index file; a full index begins a new segment.',
  ),
  'segment.jitter.ms': define(
    durationMs,
    '0',
    [same('log.roll.jitter.ms'), unit('log.roll.jitter.hours', HOUR_MS)],
    'Random time taken off segment.ms, so that many logs do not begin new segments at once.',
  ),
  'segment.ms': define(
    long({ min: 1 }),
    '604800000',
    [same('log.roll.ms'), unit('log.roll.hours', HOUR_MS)],
    'Age at which a segment that is not full ends anyway, so that retention and compaction can have it.',
  ),
  'unclean.leader.election.enable': define(
    boolean,
    'false',
    [same('unclean.leader.election.enable')],
    'Whether a replica that may lack acknowledged records can become leader when no other is left. It loses them.',
  ),
} as const

export type TopicConfigName = keyof typeof TOPIC_CONFIGS

export const TOPIC_CONFIG_NAMES = Object.keys(TOPIC_CONFIGS).sort() as readonly TopicConfigName[]

export function isTopicConfigName(name: string): name is TopicConfigName {
  return Object.hasOwn(TOPIC_CONFIGS, name)
}

/** The definition without its value type, for code that treats all of them alike. */
export function topicConfigDefinition(name: TopicConfigName): TopicConfigDefinition<unknown> {
  return TOPIC_CONFIGS[name]
}

/** -1, or the codec's own scale from 1 to 9; 0 would mean no compression at all. */
function gzipLevel(): ConfigKind<number> {
  const range = int({ min: -1, max: 9 })
  return {
    type: 'int',
    allowed: '-1, or a whole number from 1 to 9',
    parse: (text) => {
      const level = range.parse(text)
      return level === 0 ? undefined : level
    },
  }
}

function define<Value>(
  kind: ConfigKind<Value>,
  defaultValue: string,
  brokerNames: readonly BrokerName[],
  documentation: string,
): TopicConfigDefinition<Value> {
  return { kind, defaultValue, brokerNames, documentation }
}

function same(name: string): BrokerName {
  return { name, unitMs: 1 }
}

function unit(name: string, unitMs: number): BrokerName {
  return { name, unitMs }
}
