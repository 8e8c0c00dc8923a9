/** Cluster metadata: records, the image they make, and the registries of configs. Pure. */
export { METADATA_ERROR_CODES, MetadataError, type MetadataErrorCode } from './errors.ts'
export { type FeatureDefinition, FEATURES, SUPPORTED_FEATURES, TRANSACTION_VERSION } from './features.ts'
export { suggest } from './suggest.ts'
export type { AddVoterCommand, QuorumDescription, QuorumNode, RemoveVoterCommand, ReplicaLag } from './quorum-description.ts'
export { isInternalTopic, TOPIC_NAME_LENGTH_MAX, topicNameProblem } from './topic-name.ts'

export type {
  BrokerListener,
  BrokerRegistrationChangeRecord,
  ConfigRecord,
  ConfigResourceType,
  FeatureLevelRecord,
  MetadataRecord,
  NoOpRecord,
  PartitionChangeRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RecoveryState,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  RemoveTopicRecord,
  SupportedFeature,
  TopicRecord,
  UnregisterBrokerRecord,
} from './records/metadata-record.ts'

export { decodeRecord, encodeRecord, RECORD_TYPES } from './records/record-codec.ts'
export { decodeRecords, encodeRecords } from './records/record-sequence.ts'

export { type Applied, applyRecords, type BatchPosition } from './image/apply-records.ts'
export {
  activeBrokers,
  type BrokerImage,
  type ClusterImage,
  type ConfigOverrides,
  ConfigsImage,
  type ControllerImage,
  emptyImage,
} from './image/cluster-image.ts'
export { type ConfigResource, imageDelta, type ImageDelta, type TopicDelta } from './image/image-delta.ts'
export { assertImageInvariants } from './image/image-invariants.ts'
export { imageRecords } from './image/image-records.ts'
export { PersistentMap } from './image/persistent-map.ts'
export { collisionKeyOf, type PartitionImage, type TopicImage, TopicsImage } from './image/topics-image.ts'

export { BrokerConfig, type BrokerConfigLayers, type BrokerConfigValue } from './config/broker-config.ts'
export type { Alterable, BrokerConfigDefinition } from './config/broker-config-definition.ts'
export {
  BROKER_CONFIG_NAMES,
  BROKER_CONFIGS,
  type BrokerConfigName,
  isBrokerConfigName,
} from './config/broker-configs.ts'
export {
  checkBrokerAlteration,
  checkBrokerFile,
  checkTopicConfig,
  unknownConfigProblem,
} from './config/check-configs.ts'
export { checkGroupConfig, unknownGroupConfig } from './config/check-group-config.ts'
export {
  CONFIG_SOURCES,
  CONFIG_TYPE_CODES,
  type ConfigEntry,
  type ConfigSource,
  type ConfigSynonym,
} from './config/config-entry.ts'
export type { ConfigProblem } from './config/config-problem.ts'
export { type ConfigKind, type ConfigType, splitList } from './config/config-kind.ts'
export {
  describeBrokerConfig,
  describeDefaultBrokerConfig,
  describeGroupConfig,
  describeTopicConfig,
  topicConfigAsGiven,
} from './config/describe-configs.ts'
export { effectiveTopicValue } from './config/effective-topic-value.ts'
export { type GroupConfig, parseGroupConfig } from './config/group-config.ts'
export { GROUP_CONFIG_NAMES } from './config/group-configs.ts'
export { type CleanupPolicy, parseTopicConfig, type TopicConfig } from './config/topic-config.ts'
export {
  isTopicConfigName,
  TOPIC_CONFIG_NAMES,
  TOPIC_CONFIGS,
  type TopicConfigDefinition,
  type TopicConfigName,
} from './config/topic-configs.ts'

export type {
  AlterablePartition,
  AlteredPartition,
  AlterPartitionReassignmentsCommand,
  AlterPartitionsCommand,
  AlterPartitionsOutcome,
  BrokerHeartbeatCommand,
  BrokerHeartbeatOutcome,
  ElectLeadersCommand,
  FeatureOutcome,
  FeatureUpdate,
  IsrMember,
  PartitionOutcome,
  PartitionsOutcome,
  ReassignablePartition,
  RegisterControllerCommand,
  TopicIdPartition,
  TopicPartition,
  UnregisterBrokerCommand,
  UpdateFeaturesCommand,
  UpdateFeaturesOutcome,
} from './cluster-commands.ts'
export {
  type AllocateProducerIdsCommand,
  type AlterConfigsCommand,
  type ConfigChange,
  type ConfigOperation,
  type ConfigResourceOutcome,
  type ConfigSetting,
  CONTROLLER_ERROR_CODES,
  ControllerError,
  type ControllerErrorCode,
  type ControllerPort,
  type CreatableTopic,
  type CreatedTopic,
  type CreatePartitionsCommand,
  type CreateTopicsCommand,
  type DeletedTopic,
  type DeleteTopicsCommand,
  type IncrementalAlterConfigsCommand,
  type MetadataFeed,
  type MetadataListener,
  type Outcome,
  type ProducerIdBlock,
  type RegisterBrokerCommand,
  type RegisteredBroker,
  type ReplicaAssignment,
  type TopicOutcome,
  type TopicReference,
} from './controller-port.ts'
