/**
 * What the members of a cluster ask of the controller: brokers about themselves and the partitions they lead, operators about
 * leaders, replicas, features and the quorum. Commands about topics and configs are in `controller-port.ts`.
 */
import type { Outcome } from './controller-port.ts'
import type { RecoveryState } from './records/metadata-record.ts'

/** Sent every `broker.heartbeat.interval.ms` by a registered broker. */
export interface BrokerHeartbeatCommand {
  readonly brokerId: number
  /** What its registration was answered. */
  readonly brokerEpoch: number
  /** Offset of the last metadata batch that the broker has applied. */
  readonly metadataOffset: number
  /** It asks to be fenced, or to stay so. */
  readonly wantFence: boolean
  /** It asks for its leaderships to be moved, so that it can stop without anybody noticing. */
  readonly wantShutdown: boolean
  /** Logs of its own that it cannot open: what they hold must not become anybody's truth. */
  readonly failedPartitions: readonly TopicIdPartition[]
  /** Its log directory failed; it can serve nothing until it is started again. */
  readonly isDirectoryOffline: boolean
}

export interface TopicIdPartition {
  readonly topicId: string
  readonly partition: number
}

export interface BrokerHeartbeatOutcome extends Outcome {
  readonly isFenced: boolean
  /** It has applied the metadata up to its own registration at least. */
  readonly isCaughtUp: boolean
  /** It leads nothing any more and every active broker knows. */
  readonly shouldShutdown: boolean
}

/** A leader asks for other in-sync replicas. Nothing that it asks for is true before it is answered. */
export interface AlterPartitionsCommand {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly partitions: readonly AlterablePartition[]
}

export interface AlterablePartition extends TopicIdPartition {
  /** The epoch in which the broker leads the partition. */
  readonly leaderEpoch: number
  /** The epoch of the state that the request changes. */
  readonly partitionEpoch: number
  readonly newIsr: readonly IsrMember[]
  readonly recoveryState: RecoveryState
}

export interface IsrMember {
  readonly brokerId: number
  /** As the member states it in its fetches; -1 when the leader does not know it. */
  readonly brokerEpoch: number
}

export interface AlterPartitionsOutcome extends Outcome {
  /** In the order of the request; empty when the whole of it is refused. */
  readonly partitions: readonly AlteredPartition[]
}

/** The state that is now in force, also where the request changed nothing; -1 and nothing for a partition that there is not. */
export interface AlteredPartition extends TopicIdPartition {
  readonly errorCode: Outcome['errorCode']
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly isr: readonly number[]
  readonly recoveryState: RecoveryState
}

export interface ElectLeadersCommand {
  readonly type: 'preferred' | 'unclean'
  /** Null: all partitions; those that need no election are then not answered. */
  readonly partitions: readonly TopicPartition[] | null
  readonly timeoutMs: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface PartitionOutcome extends TopicPartition, Outcome {}

export interface PartitionsOutcome extends Outcome {
  readonly partitions: readonly PartitionOutcome[]
}

export interface AlterPartitionReassignmentsCommand {
  readonly partitions: readonly ReassignablePartition[]
  /** False: an assignment with another number of replicas is refused. */
  readonly allowReplicationFactorChange: boolean
}

export interface ReassignablePartition extends TopicPartition {
  /** The brokers that shall have it, the preferred leader first; null takes back a reassignment that is going on. */
  readonly replicas: readonly number[] | null
}

/** A broker is gone for good. Its id may come back, as a new one. */
export interface UnregisterBrokerCommand {
  readonly brokerId: number
}

/** A controller node tells where it is reached. */
export interface RegisterControllerCommand {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  readonly host: string
  readonly port: number
}

export interface UpdateFeaturesCommand {
  readonly updates: readonly FeatureUpdate[]
  readonly validateOnly: boolean
}

export interface FeatureUpdate {
  readonly name: string
  /** 0 switches the feature off. */
  readonly maxLevel: number
  /** Unsafe: though metadata may be lost by it. */
  readonly upgradeType: 'upgrade' | 'safe-downgrade' | 'unsafe-downgrade'
}

export interface UpdateFeaturesOutcome extends Outcome {
  readonly results: readonly FeatureOutcome[]
}

export interface FeatureOutcome extends Outcome {
  readonly name: string
}
