/**
 * The registry of broker configs. Kafka has over three hundred; here are those that this broker acts on, and those that stand in
 * for a topic's, and no others, so that setting one that would have no effect is refused instead of pretended.
 *
 * `alterable` says where a config can be changed while brokers run: nowhere, or for one broker and for all.
 */
import { alterable, type BrokerConfigDefinition, fixed } from './broker-config-definition.ts'
import { anyString, boolean, double, int, listMatching, listOf, long, oneOf } from './config-kind.ts'
import { COORDINATOR_CONFIGS } from './coordinator-configs.ts'
import { CLEANUP_POLICIES, COMPRESSION_TYPES, DURABILITIES, TIMESTAMP_TYPES, TOPIC_CONFIGS } from './topic-configs.ts'

const LONG_MAX = '9223372036854775807'
const limit = long({ min: -1 })
const durationMs = long({ min: 0 })
const endpoints = listMatching(/^[A-Za-z0-9_-]{1,64}:\/\/[^\s/]*:[0-9]{1,5}$/, 'a list of addresses such as PLAINTEXT://host:9092')

export const BROKER_CONFIGS = {
  ...COORDINATOR_CONFIGS,
  'advertised.listeners': fixed(
    endpoints,
    null,
    'Addresses that clients are told. Without it they are told the address that they connected to.',
  ),
  'auto.create.topics.enable': fixed(boolean, 'true', 'Whether asking for the metadata of a topic that does not exist creates it.'),
  'auto.leader.rebalance.enable': fixed(boolean, 'true', 'Whether the controller gives partitions back to their preferred leaders.'),
  'broker.heartbeat.interval.ms': fixed(int({ min: 1 }), '500', 'Time between two heartbeats of this broker to the controller.'),
  'broker.rack': fixed(anyString, null, 'Where this broker stands. Replicas of a partition are spread over racks.'),
  'broker.session.timeout.ms': fixed(
    int({ min: 1 }),
    '4000',
    'A broker that the controller was not heard of, or that did not hear from it, for this long serves nothing.',
  ),
  'compression.gzip.level': alterable(TOPIC_CONFIGS['compression.gzip.level'].kind, '-1', 'Level for topics that set none.'),
  'compression.lz4.level': alterable(TOPIC_CONFIGS['compression.lz4.level'].kind, '9', 'Level for topics that set none.'),
  'compression.type': alterable(oneOf(COMPRESSION_TYPES), 'producer', 'Codec for topics that set none.'),
  'compression.zstd.level': alterable(TOPIC_CONFIGS['compression.zstd.level'].kind, '3', 'Level for topics that set none.'),
  'connections.max.idle.ms': fixed(long(), '600000', 'A connection that is silent for this long is closed.'),
  'controlled.shutdown.enable': fixed(boolean, 'true', 'Whether a broker hands its partitions over before it stops.'),
  'default.replication.factor': fixed(int({ min: 1, max: 32_767 }), '1', 'Replicas of a topic whose creator did not say how many.'),
  'delete.topic.enable': fixed(boolean, 'true', 'Whether topics can be deleted.'),
  'fetch.max.bytes': fixed(int({ min: 1024 }), '57671680', 'Record bytes in one fetch response, whatever the client asks for.'),
  'initial.broker.registration.timeout.ms': fixed(
    int({ min: 1 }),
    '60000',
    'How long a broker that starts waits for the controller to let it serve, before it gives up.',
  ),
  'leader.imbalance.check.interval.seconds': fixed(
    long({ min: 1 }),
    '300',
    'Time between two looks for partitions that their preferred leader does not lead.',
  ),
  listeners: fixed(endpoints, 'PLAINTEXT://127.0.0.1:9092', 'Addresses that this broker listens on.'),
  'log.cleaner.backoff.ms': alterable(durationMs, '15000', 'Pause of the compaction when there was nothing to do.'),
  'log.cleaner.dedupe.buffer.size': alterable(long({ min: 1_048_576 }), '134217728', 'Memory for the keys that one compaction looks at.'),
  'log.cleaner.delete.retention.ms': alterable(durationMs, '86400000', 'delete.retention.ms of topics that set none.'),
  'log.cleaner.max.compaction.lag.ms': alterable(long({ min: 1 }), LONG_MAX, 'max.compaction.lag.ms of topics that set none.'),
  'log.cleaner.min.cleanable.ratio': alterable(double({ min: 0, max: 1 }), '0.5', 'min.cleanable.dirty.ratio of topics that set none.'),
  'log.cleaner.min.compaction.lag.ms': alterable(durationMs, '0', 'min.compaction.lag.ms of topics that set none.'),
  'log.cleanup.policy': alterable(listOf(CLEANUP_POLICIES), 'delete', 'cleanup.policy of topics that set none.'),
  'log.dirs': fixed(listMatching(/./, 'a list of directories'), null, 'Directories that hold the logs.'),
  'log.durability': alterable(oneOf(DURABILITIES), 'fsync', 'durability of topics that set none.'),
  'log.flush.interval.messages': alterable(long({ min: 1 }), LONG_MAX, 'flush.messages of topics that set none.'),
  'log.flush.interval.ms': alterable(durationMs, null, 'flush.ms of topics that set none; without it, log.flush.scheduler.interval.ms.'),
  'log.flush.offset.checkpoint.interval.ms': fixed(int({ min: 0 }), '60000', 'Time between two checkpoints of the recovery points.'),
  'log.flush.scheduler.interval.ms': fixed(durationMs, LONG_MAX, 'flush.ms where neither the topic nor log.flush.interval.ms says.'),
  'log.index.interval.bytes': alterable(int({ min: 0 }), '4096', 'index.interval.bytes of topics that set none.'),
  'log.index.size.max.bytes': alterable(int({ min: 4 }), '10485760', 'segment.index.bytes of topics that set none.'),
  'log.local.retention.bytes': alterable(long({ min: -2 }), '-2', 'local.retention.bytes of topics that set none.'),
  'log.local.retention.ms': alterable(long({ min: -2 }), '-2', 'local.retention.ms of topics that set none.'),
  'log.message.timestamp.after.max.ms': alterable(durationMs, '3600000', 'message.timestamp.after.max.ms of topics that set none.'),
  'log.message.timestamp.before.max.ms': alterable(durationMs, LONG_MAX, 'message.timestamp.before.max.ms of topics that set none.'),
  'log.message.timestamp.type': alterable(oneOf(TIMESTAMP_TYPES), 'CreateTime', 'message.timestamp.type of topics that set none.'),
  'log.preallocate': alterable(boolean, 'false', 'preallocate of topics that set none.'),
  'log.retention.bytes': alterable(limit, '-1', 'retention.bytes of topics that set none.'),
  'log.retention.check.interval.ms': fixed(long({ min: 1 }), '300000', 'Time between two looks for segments to delete.'),
  'log.retention.hours': fixed(
    int({ min: -1 }),
    '168',
    'retention.ms, in hours, of topics that set none; log.retention.minutes and .ms go first.',
  ),
  'log.retention.minutes': fixed(int({ min: -1 }), null, 'retention.ms, in minutes, of topics that set none; log.retention.ms goes first.'),
  'log.retention.ms': alterable(limit, null, 'retention.ms of topics that set none.'),
  'log.roll.hours': fixed(int({ min: 1 }), '168', 'segment.ms, in hours, of topics that set none; log.roll.ms goes first.'),
  'log.roll.jitter.hours': fixed(
    int({ min: 0 }),
    '0',
    'segment.jitter.ms, in hours, of topics that set none; log.roll.jitter.ms goes first.',
  ),
  'log.roll.jitter.ms': alterable(durationMs, null, 'segment.jitter.ms of topics that set none.'),
  'log.roll.ms': alterable(long({ min: 1 }), null, 'segment.ms of topics that set none.'),
  'log.segment.bytes': alterable(int({ min: 1_048_576 }), '1073741824', 'segment.bytes of topics that set none.'),
  'log.segment.delete.delay.ms': alterable(durationMs, '60000', 'file.delete.delay.ms of topics that set none.'),
  'max.connections': alterable(int({ min: 0 }), '2147483647', 'Connections that this broker accepts at a time.'),
  'max.incremental.fetch.session.cache.slots': fixed(int({ min: 0 }), '1000', 'Incremental fetch sessions that this broker remembers.'),
  'max.request.partition.size.limit': fixed(int({ min: 1 }), '2000', 'Partitions in one answer that describes topics page by page.'),
  'message.max.bytes': alterable(int({ min: 0 }), '1048588', 'max.message.bytes of topics that set none.'),
  'min.insync.replicas': alterable(int({ min: 1 }), '1', 'min.insync.replicas of topics that set none.'),
  'node.id': fixed(int({ min: 0 }), '1', 'The number of this node in its cluster.'),
  'num.partitions': fixed(int({ min: 1 }), '1', 'Partitions of a topic whose creator did not say how many.'),
  'producer.id.expiration.ms': alterable(
    int({ min: 1 }),
    '86400000',
    'A producer that wrote nothing to a partition for this long is forgotten there.',
  ),
  'queued.max.request.bytes': fixed(
    long({ min: 1 }),
    '134217728',
    'Memory for requests that are still arriving; when it is used up, sockets are read later.',
  ),
  'replica.fetch.backoff.ms': fixed(int({ min: 0 }), '1000', 'Longest pause before a partition or a leader that failed is asked again.'),
  'replica.fetch.max.bytes': fixed(int({ min: 0 }), '1048576', 'Record bytes of one partition in one fetch of a follower.'),
  'replica.fetch.min.bytes': fixed(int({ min: 0 }), '1', 'Record bytes that a fetch of a follower waits for.'),
  'replica.fetch.response.max.bytes': fixed(int({ min: 0 }), '10485760', 'Record bytes of all partitions in one fetch of a follower.'),
  'replica.fetch.wait.max.ms': fixed(int(), '500', 'How long a fetch of a follower waits for records.'),
  'replica.lag.time.max.ms': fixed(
    long({ min: 1 }),
    '10000',
    'A follower that did not catch up with its leader for this long leaves the in-sync replicas.',
  ),
  'replica.selector.class': fixed(
    oneOf(['org.apache.kafka.common.replica.RackAwareReplicaSelector']),
    null,
    'Where consumers that say in which rack they are are sent to read: to a replica in their rack. Without it they read from leaders.',
  ),
  'replica.socket.timeout.ms': fixed(int({ min: 1 }), '30000', 'A leader that does not answer a fetch for this long is connected to anew.'),
  'socket.request.max.bytes': fixed(int({ min: 1 }), '104857600', 'Size of the largest request that is accepted.'),
  'unclean.leader.election.enable': alterable(boolean, 'false', 'unclean.leader.election.enable of topics that set none.'),
} as const

export type BrokerConfigName = keyof typeof BROKER_CONFIGS

export const BROKER_CONFIG_NAMES = Object.keys(BROKER_CONFIGS).sort() as readonly BrokerConfigName[]

export function isBrokerConfigName(name: string): name is BrokerConfigName {
  return Object.hasOwn(BROKER_CONFIGS, name)
}

/** The definition without its value type, for code that treats all of them alike. */
export function brokerConfigDefinition(name: BrokerConfigName): BrokerConfigDefinition<unknown> {
  return BROKER_CONFIGS[name]
}
