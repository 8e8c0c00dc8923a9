/** The broker configs of the coordinators: how their topics are made, and what they allow groups and transactions. */
import { fixed } from './broker-config-definition.ts'
import { int, short } from './config-kind.ts'

/** The two topics are alike in these. */
const partitionCount = int({ min: 1 })
const replicationFactor = short({ min: 1 })
const segmentBytes = int({ min: 1_048_576 })

export const COORDINATOR_CONFIGS = {
  'offsets.commit.timeout.ms': fixed(
    int({ min: 1 }),
    '5000',
    'How long an answer about a group or a transaction waits for replicas to store what it depends on.',
  ),
  'offsets.topic.num.partitions': fixed(partitionCount, '50', 'Partitions of the topic that groups are kept in, when it is created.'),
  'offsets.topic.replication.factor': fixed(
    replicationFactor,
    '3',
    'Replicas of the topic that groups are kept in, when it is created; as many as there are brokers where there are fewer.',
  ),
  'offsets.topic.segment.bytes': fixed(segmentBytes, '104857600', 'Segment size of the topic that groups are kept in, when it is created.'),
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
} as const
