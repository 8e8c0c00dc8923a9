/**
 * The metadata records: everything that can happen to the cluster's metadata, as values.
 *
 * They are the only way in which a cluster image changes. A record carries whatever its author alone could know (topic ids,
 * times), so that applying it is the same computation on every node and at every replay. How they look as bytes is the
 * business of `record-codec.ts`.
 */
export type MetadataRecord =
  | TopicRecord
  | PartitionRecord
  | PartitionChangeRecord
  | RemoveTopicRecord
  | RegisterBrokerRecord
  | BrokerRegistrationChangeRecord
  | UnregisterBrokerRecord
  | RegisterControllerRecord
  | ConfigRecord
  | ProducerIdsRecord
  | FeatureLevelRecord
  | NoOpRecord

/** A topic comes to be, without partitions: the partition records that follow in the same batch bring them. */
export interface TopicRecord {
  readonly type: 'topic'
  readonly topicId: string
  readonly name: string
}

/** A partition comes to be, or (in a snapshot) is stated whole. Partitions of a topic come in order, without gaps. */
export interface PartitionRecord {
  readonly type: 'partition'
  readonly topicId: string
  readonly partition: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly elr: readonly number[]
  readonly lastKnownElr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
  /** -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly recoveryState: RecoveryState
}

/** Recovering: the leader was chosen though it may lack what was committed, and has not yet said that it is done with that. */
export type RecoveryState = 'recovered' | 'recovering'

/**
 * Changes what is present and leaves the rest. Applying it always raises the partition epoch by one, and the leader epoch
 * by one exactly when `leader` is present, even if it names the same broker.
 */
export interface PartitionChangeRecord {
  readonly type: 'partition-change'
  readonly topicId: string
  readonly partition: number
  readonly replicas?: readonly number[]
  readonly isr?: readonly number[]
  readonly elr?: readonly number[]
  readonly lastKnownElr?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly leader?: number
  readonly recoveryState?: RecoveryState
}

/** The topic, its partitions and its configs are gone. */
export interface RemoveTopicRecord {
  readonly type: 'remove-topic'
  readonly topicId: string
}

/**
 * A broker process introduces itself. Replaces an earlier registration of the same id. At most one in a batch, for the offset
 * that all records of a batch share is the epoch that tells registrations apart.
 */
export interface RegisterBrokerRecord {
  readonly type: 'register-broker'
  readonly brokerId: number
  /** -1 stands for the offset of this very record; a snapshot, whose offsets mean nothing, states the epoch. */
  readonly brokerEpoch: number
  /** Drawn at random by each start of a broker process. */
  readonly incarnationId: string
  readonly listeners: readonly BrokerListener[]
  readonly rack: string | null
  /** Ids of the broker's log directories. */
  readonly directoryIds: readonly string[]
  readonly features: readonly SupportedFeature[]
  readonly isFenced: boolean
  readonly isInControlledShutdown: boolean
}

export interface BrokerListener {
  readonly name: string
  /** Empty: clients are told the address that they connected to. */
  readonly host: string
  readonly port: number
  /** 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number
}

export interface SupportedFeature {
  readonly name: string
  readonly minLevel: number
  readonly maxLevel: number
}

/** Meant for one registration: the broker epoch has to be the registered one. */
export interface BrokerRegistrationChangeRecord {
  readonly type: 'broker-registration-change'
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly isFenced?: boolean
  readonly isInControlledShutdown?: boolean
}

/** The broker is gone for good, under the epoch that it last had. Replicas that it was given keep its id. */
export interface UnregisterBrokerRecord {
  readonly type: 'unregister-broker'
  readonly brokerId: number
  readonly brokerEpoch: number
}

/** Where a controller node is reached. Replaces an earlier one of the same id. */
export interface RegisterControllerRecord {
  readonly type: 'register-controller'
  readonly nodeId: number
  readonly directoryId: string
  readonly host: string
  readonly port: number
}

export type ConfigResourceType = 'topic' | 'broker' | 'group'

/** One key of one resource. A null value removes the key, which then falls back to what lies beneath. */
export interface ConfigRecord {
  readonly type: 'config'
  readonly resourceType: ConfigResourceType
  /** Topic name, group id, or broker id in digits; empty for the default of all brokers. */
  readonly resourceName: string
  readonly name: string
  readonly value: string | null
}

/** All producer ids below `nextProducerId` are given away, the last block of them to this broker. */
export interface ProducerIdsRecord {
  readonly type: 'producer-ids'
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly nextProducerId: number
}

/** Level 0 removes the feature. */
export interface FeatureLevelRecord {
  readonly type: 'feature-level'
  readonly name: string
  readonly level: number
}

/** Changes nothing; it lets a new controller commit something of its own epoch. */
export interface NoOpRecord {
  readonly type: 'no-op'
}
