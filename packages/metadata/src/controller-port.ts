/**
 * What brokers ask of the controller, in the cluster's own terms. The broker's handlers translate between this and the wire;
 * an implementation may sit in the same process or across the network.
 *
 * A command that the protocol can answer is answered, with an error code for each part of it. It rejects, with a
 * `ControllerError`, only when there is nobody to answer. An answer without an error means: committed, and applied to the
 * image that this port's feed shows.
 */
import type { ErrorCode } from '@millrace/protocol'
import type {
  AlterPartitionReassignmentsCommand,
  AlterPartitionsCommand,
  AlterPartitionsOutcome,
  BrokerHeartbeatCommand,
  BrokerHeartbeatOutcome,
  ElectLeadersCommand,
  PartitionsOutcome,
  RegisterControllerCommand,
  UnregisterBrokerCommand,
  UpdateFeaturesCommand,
  UpdateFeaturesOutcome,
} from './cluster-commands.ts'
import type { ConfigEntry } from './config/config-entry.ts'
import type { ClusterImage } from './image/cluster-image.ts'
import type { ImageDelta } from './image/image-delta.ts'
import type { AddVoterCommand, QuorumDescription, RemoveVoterCommand } from './quorum-description.ts'
import type { BrokerListener, ConfigResourceType, SupportedFeature } from './records/metadata-record.ts'

export interface ControllerPort {
  createTopics(command: CreateTopicsCommand): Promise<readonly CreatedTopic[]>
  deleteTopics(command: DeleteTopicsCommand): Promise<readonly DeletedTopic[]>
  createPartitions(command: CreatePartitionsCommand): Promise<readonly TopicOutcome[]>
  /** Replaces all that was set for each resource. */
  alterConfigs(command: AlterConfigsCommand): Promise<readonly ConfigResourceOutcome[]>
  incrementalAlterConfigs(command: IncrementalAlterConfigsCommand): Promise<readonly ConfigResourceOutcome[]>
  allocateProducerIds(command: AllocateProducerIdsCommand): Promise<ProducerIdBlock>
  registerBroker(command: RegisterBrokerCommand): Promise<RegisteredBroker>
  heartbeat(command: BrokerHeartbeatCommand): Promise<BrokerHeartbeatOutcome>
  unregisterBroker(command: UnregisterBrokerCommand): Promise<Outcome>
  alterPartitions(command: AlterPartitionsCommand): Promise<AlterPartitionsOutcome>
  electLeaders(command: ElectLeadersCommand): Promise<PartitionsOutcome>
  alterPartitionReassignments(command: AlterPartitionReassignmentsCommand): Promise<PartitionsOutcome>
  updateFeatures(command: UpdateFeaturesCommand): Promise<UpdateFeaturesOutcome>
  registerController(command: RegisterControllerCommand): Promise<Outcome>
  describeQuorum(): Promise<QuorumDescription>
  addVoter(command: AddVoterCommand): Promise<Outcome>
  removeVoter(command: RemoveVoterCommand): Promise<Outcome>
}

/** The committed metadata as it is applied here. */
export interface MetadataFeed {
  image(): ClusterImage
  /**
   * Calls the listener after each batch that is applied from now on, in order, before the command that caused it is
   * answered. Listeners return quickly and do not throw. Returns what ends the subscription.
   */
  subscribe(listener: MetadataListener): () => void
}

export type MetadataListener = (image: ClusterImage, delta: ImageDelta) => void

export interface Outcome {
  readonly errorCode: ErrorCode
  /** Null when `errorCode` is NONE. */
  readonly errorMessage: string | null
}

export interface CreateTopicsCommand {
  readonly topics: readonly CreatableTopic[]
  readonly validateOnly: boolean
}

export interface CreatableTopic {
  readonly name: string
  /** -1: `num.partitions`, or what the assignments say. */
  readonly partitionCount: number
  /** -1: `default.replication.factor`, or what the assignments say. */
  readonly replicationFactor: number
  /** Empty: the controller chooses. */
  readonly assignments: readonly ReplicaAssignment[]
  readonly configs: readonly ConfigSetting[]
}

export interface ReplicaAssignment {
  readonly partition: number
  readonly brokerIds: readonly number[]
}

export interface ConfigSetting {
  readonly name: string
  readonly value: string | null
}

export interface TopicOutcome extends Outcome {
  readonly name: string
}

export interface CreatedTopic extends TopicOutcome {
  /** Null on error and when only validating. */
  readonly topicId: string | null
  /** -1 on error. */
  readonly partitionCount: number
  readonly replicationFactor: number
  /** Effective configs, sorted by name; null on error. */
  readonly configs: readonly ConfigEntry[] | null
}

export interface DeleteTopicsCommand {
  readonly topics: readonly TopicReference[]
}

/** Exactly one of the two is to be given. */
export interface TopicReference {
  readonly name: string | null
  readonly topicId: string | null
}

export interface DeletedTopic extends Outcome {
  readonly name: string | null
  readonly topicId: string | null
}

export interface CreatePartitionsCommand {
  readonly topics: readonly {
    readonly name: string
    /** Partitions that the topic shall have in the end. */
    readonly count: number
    /** Brokers of each new partition; null: the controller chooses. */
    readonly assignments: readonly (readonly number[])[] | null
  }[]
  readonly validateOnly: boolean
}

export interface AlterConfigsCommand {
  readonly resources: readonly {
    readonly type: ConfigResourceType
    /** Topic name, group id, or broker id in digits; empty for the default of all brokers. */
    readonly name: string
    readonly configs: readonly ConfigSetting[]
  }[]
  readonly validateOnly: boolean
}

export interface IncrementalAlterConfigsCommand {
  readonly resources: readonly {
    readonly type: ConfigResourceType
    readonly name: string
    readonly configs: readonly ConfigChange[]
  }[]
  readonly validateOnly: boolean
}

export interface ConfigChange {
  readonly name: string
  /** Append and subtract are for lists. */
  readonly operation: ConfigOperation
  readonly value: string | null
}

export type ConfigOperation = 'set' | 'delete' | 'append' | 'subtract'

export interface ConfigResourceOutcome extends Outcome {
  readonly type: ConfigResourceType
  readonly name: string
}

export interface AllocateProducerIdsCommand {
  readonly brokerId: number
  readonly brokerEpoch: number
}

/** The ids from `firstProducerId` on, `count` of them, are the asking broker's to hand out. */
export interface ProducerIdBlock extends Outcome {
  readonly firstProducerId: number
  readonly count: number
}

export interface RegisterBrokerCommand {
  readonly brokerId: number
  readonly clusterId: string
  readonly incarnationId: string
  readonly listeners: readonly BrokerListener[]
  readonly rack: string | null
  readonly directoryIds: readonly string[]
  readonly features: readonly SupportedFeature[]
  /** The epoch under which it last stopped in good order; -1 when it did not, or not that it knew. */
  readonly previousBrokerEpoch: number
}

export interface RegisteredBroker extends Outcome {
  /** -1 on error. */
  readonly brokerEpoch: number
}

export const CONTROLLER_ERROR_CODES = {
  closed: 'ERR_CONTROLLER_CLOSED',
  /** The change could not be stored and nothing happened; the next one may succeed. */
  storage: 'ERR_CONTROLLER_STORAGE',
  /** The controller can store nothing more until it is restarted. What it was asked last may or may not have happened. */
  offline: 'ERR_CONTROLLER_OFFLINE',
  notLeader: 'ERR_CONTROLLER_NOT_LEADER',
  busy: 'ERR_CONTROLLER_BUSY',
  /** More than the metadata log takes at once. */
  tooLarge: 'ERR_CONTROLLER_TOO_LARGE',
  /** No controller could be asked; nothing happened. */
  unreachable: 'ERR_CONTROLLER_UNREACHABLE',
  /** A controller was asked and did not answer. What it was asked may or may not have happened. */
  timeout: 'ERR_CONTROLLER_TIMEOUT',
} as const

export type ControllerErrorCode = (typeof CONTROLLER_ERROR_CODES)[keyof typeof CONTROLLER_ERROR_CODES]

/** There was nobody to carry out the command. `errorCode` is what a client is to be told. */
export class ControllerError extends Error {
  readonly code: ControllerErrorCode
  readonly errorCode: ErrorCode

  constructor(code: ControllerErrorCode, errorCode: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'ControllerError'
    this.code = code
    this.errorCode = errorCode
  }
}
