/** A client for Kafka's protocol: producer, consumer and admin. It speaks to Millrace, Apache Kafka and compatible brokers. */
export { Client, type ClientOptions, createClient } from './client.ts'
export { CLIENT_ERROR_CODES, ClientError, type ClientErrorCode, type ClientErrorFields } from './errors.ts'
export type { BackoffPolicy } from '@millrace/runtime'
export type { PartitionName } from './metadata/by-leader.ts'
export type { BrokerView, PartitionView, TopicView } from './metadata/topic-view.ts'

export { Producer } from './producer/producer.ts'
export type { ProducerOptions } from './producer/producer-options.ts'
export type { Delivery, ProducerRecord, RecordHeadersInput } from './producer/record.ts'

export { Consumer } from './consumer/consumer.ts'
export type {
  Assignment,
  ConsumedBatch,
  ConsumedHeader,
  ConsumedRecord,
  ConsumerOptions,
  StartPosition,
} from './consumer/consumer-options.ts'
export type { IsolationLevel, OffsetAnswer, OffsetQuery, OffsetTarget } from './offsets/list-offsets.ts'

export { Admin } from './admin/admin.ts'
export type { ConfigAlteration, ConfigChange } from './admin/alter-configs.ts'
export type { ConfigResource, ConfigSource } from './admin/config-resource.ts'
export type { NewPartitions } from './admin/create-partitions.ts'
export type { ChangeOptions, CreatedTopic, NewTopic } from './admin/create-topics.ts'
export type { DeletedRecords, RecordDeletion } from './admin/delete-records.ts'
export type { ClusterDescription, DescribedBroker } from './admin/describe-cluster.ts'
export type { DescribeConfigsOptions, DescribedConfig } from './admin/describe-configs.ts'
export type { BrokerLogDirs, LogDirDescription, ReplicaSize } from './admin/describe-log-dirs.ts'
export type { ActiveProducer, PartitionProducers } from './admin/describe-producers.ts'
export type { ListTopicsOptions } from './admin/describe-topics.ts'
export type { ElectLeadersOptions, LeaderElection } from './admin/elect-leaders.ts'
export type { FeatureLevel } from './admin/features.ts'
export type { NewVoter, QuorumReplica, QuorumView, VoterName } from './admin/quorum.ts'
export type { OngoingReassignment, Reassignment } from './admin/reassignments.ts'

export type { GroupDescription, GroupMember } from './groups/describe-groups.ts'
export type { CommittedOffset, NewOffset } from './groups/group-offsets.ts'
export type { GroupListing } from './groups/list-groups.ts'
