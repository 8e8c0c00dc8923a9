/** The broker configs of the coordinators: how their topics are made, and what they allow groups and transactions. */
import { alterable, fixed } from './broker-config-definition.ts'
import { boolean, int, listOf, long, oneOf, short } from './config-kind.ts'

/** The two topics are alike in these. */
const partitionCount = int({ min: 1 })
const replicationFactor = short({ min: 1 })
const segmentBytes = int({ min: 1_048_576 })

/** Times and counts that make sense from one on. */
const positive = int({ min: 1 })

const ASSIGNORS = ['uniform', 'range'] as const
const MIGRATION_POLICIES = ['bidirectional', 'disabled', 'downgrade', 'upgrade'] as const

export const COORDINATOR_CONFIGS = {
  'group.consumer.assignment.interval.ms': alterable(
    int({ min: 0 }),
    '0',
    'The least time between two assignments of the partitions of a consumer group.',
  ),
  'group.consumer.assignors': fixed(
    listOf(ASSIGNORS, { min: 1 }),
    'uniform,range',
    'How partitions may be assigned in consumer groups. The first is used where the members name none.',
  ),
  'group.consumer.heartbeat.interval.ms': fixed(
    positive,
    '5000',
    'The longest time that members of consumer groups are told to let pass between heartbeats.',
  ),
  'group.consumer.max.assignment.interval.ms': fixed(int({ min: 0 }), '15000', 'The longest consumer.assignment.interval.ms of a group.'),
  'group.consumer.max.heartbeat.interval.ms': fixed(positive, '15000', 'The longest consumer.heartbeat.interval.ms of a group.'),
  'group.consumer.max.session.timeout.ms': fixed(positive, '60000', 'The longest consumer.session.timeout.ms of a group.'),
  'group.consumer.max.size': fixed(positive, '2147483647', 'Members that a consumer group may have.'),
  'group.consumer.migration.policy': fixed(
    oneOf(MIGRATION_POLICIES),
    'bidirectional',
    'Whether a classic group becomes a consumer group for its first member of that protocol (upgrade), and back after the last.',
  ),
  'group.consumer.min.assignment.interval.ms': fixed(int({ min: 0 }), '0', 'The shortest consumer.assignment.interval.ms of a group.'),
  'group.consumer.min.heartbeat.interval.ms': fixed(positive, '5000', 'The shortest consumer.heartbeat.interval.ms of a group.'),
  'group.consumer.min.session.timeout.ms': fixed(positive, '45000', 'The shortest consumer.session.timeout.ms of a group.'),
  'group.consumer.resting.heartbeat.interval.ms': fixed(
    positive,
    '500',
    'The shortest time between heartbeats for members of a small consumer group that waits for nothing; the more members, the longer.',
  ),
  'group.consumer.session.timeout.ms': fixed(
    positive,
    '45000',
    'A member of a consumer group that was not heard of for so long is taken for gone.',
  ),
  'group.consumer.waiting.heartbeat.interval.ms': fixed(
    positive,
    '100',
    'The shortest time between heartbeats for members that wait for others to let partitions go; the more members, the longer.',
  ),
  'group.initial.rebalance.delay.ms': fixed(
    int({ min: 0 }),
    '50',
    'How long a group without members waits for more of them when the first has come, again after each.',
  ),
  'group.leave.on.disconnect': fixed(
    boolean,
    'false',
    'Whether members of classic groups leave when their connection closes, and not only when their session ends. Static members stay.',
  ),
  'group.max.session.timeout.ms': fixed(positive, '1800000', 'The longest session that a member of a classic group may ask for.'),
  'group.max.size': fixed(positive, '2147483647', 'Members that a classic group may have.'),
  'group.min.session.timeout.ms': fixed(positive, '6000', 'The shortest session that a member of a classic group may ask for.'),
  'offset.metadata.max.bytes': fixed(int({ min: 0 }), '4096', 'Characters of the text that may be committed with an offset.'),
  'offsets.commit.timeout.ms': fixed(
    int({ min: 1 }),
    '5000',
    'How long an answer about a group or a transaction waits for replicas to store what it depends on.',
  ),
  'offsets.retention.check.interval.ms': fixed(
    long({ min: 1 }),
    '600000',
    'Time between two looks for offsets that nobody needs any more.',
  ),
  'offsets.retention.minutes': fixed(positive, '10080', 'How long committed offsets outlive the last member of their group.'),
  'offsets.topic.num.partitions': fixed(partitionCount, '50', 'Partitions of the topic that groups are kept in, when it is created.'),
  'offsets.topic.replication.factor': fixed(
    replicationFactor,
    '3',
    'Replicas of the topic that groups are kept in, when it is created; as many as there are brokers where there are fewer.',
  ),
  'offsets.topic.segment.bytes': fixed(segmentBytes, '104857600', 'Segment size of the topic that groups are kept in, when it is created.'),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': fixed(
    int({ min: 1 }),
    '10000',
    'Time between two looks for transactions that take longer than their producers allowed.',
  ),
  'transaction.max.timeout.ms': fixed(int({ min: 1 }), '900000', 'The longest that a producer may allow its transactions to take.'),
  'transaction.partition.verification.enable': alterable(
    boolean,
    'true',
    'Ask the coordinator of a transaction before its first batch is appended to a partition, which keeps late batches from hanging it.',
  ),
  'transaction.remove.expired.transaction.cleanup.interval.ms': fixed(
    int({ min: 1 }),
    '3600000',
    'Time between two looks for transactional ids that nobody has used for long.',
  ),
  'transaction.state.log.min.isr': fixed(
    int({ min: 1 }),
    '2',
    'min.insync.replicas of the topic that transactions are kept in, when it is created; at most its replicas.',
  ),
  'transaction.state.log.num.partitions': fixed(
    partitionCount,
    '50',
    'Partitions of the topic that transactions are kept in, when it is created.',
  ),
  'transaction.state.log.replication.factor': fixed(
    replicationFactor,
    '3',
    'Replicas of the topic that transactions are kept in, when it is created; as many as there are brokers where there are fewer.',
  ),
  'transaction.state.log.segment.bytes': fixed(
    segmentBytes,
    '104857600',
    'Segment size of the topic that transactions are kept in, when it is created.',
  ),
  'transactional.id.expiration.ms': fixed(
    int({ min: 1 }),
    '604800000',
    'A transactional id whose producer ended no transaction for so long is forgotten.',
  ),
} as const
