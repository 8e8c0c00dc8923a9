/**
 * The broker's own settings as values, taken from Kafka's broker configs. Made anew when the metadata changes one, so that
 * no request has to parse text.
 */
import type { ConsumerGroupSettings, GroupSettings, TransactionSettings } from '@millrace/coordinator'
import { BrokerConfig, type ClusterImage, type ConfigOverrides, parseGroupConfig } from '@millrace/metadata'

export interface BrokerSettings {
  readonly autoCreateTopicsEnable: boolean
  readonly fetchMaxBytes: number
  readonly socketRequestMaxBytes: number
  /** Frames that did not arrive in one piece, all connections together. */
  readonly queuedMaxRequestBytes: number
  readonly maxConnections: number
  readonly connectionsMaxIdleMs: number
  readonly fetchSessionSlots: number
  readonly maxRequestPartitions: number
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly controlledShutdown: boolean
  /** How long a start may wait for the controller to let this broker serve. */
  readonly registrationTimeoutMs: number
  readonly replicaFetch: ReplicaFetchSettings
  /** After which a follower that did not catch up leaves the ISR. */
  readonly replicaLagTimeMaxMs: number
  /** After which an answer of a coordinator that is not committed yet is given up. */
  readonly coordinatorCommitTimeoutMs: number
  readonly groups: BrokerGroupSettings
  /** Consumers are sent to a replica in their rack, where there is one that keeps up. */
  readonly selectsReplicaByRack: boolean
  /** Batches of transactions are confirmed by coordinators, also where the producer says that it added the partition. */
  readonly verifiesTransactions: boolean
  /** But for the level of the feature, which is the cluster's, and for what no operator can set. */
  readonly transactions: Omit<TransactionSettings, 'featureLevel' | 'maxIds'>
}

/** What an operator can set for the groups of this broker. */
export type BrokerGroupSettings = Omit<GroupSettings, 'maxBatchBytes'>

/** How this broker fetches what others lead. */
export interface ReplicaFetchSettings {
  readonly maxBytes: number
  readonly responseMaxBytes: number
  readonly minBytes: number
  readonly maxWaitMs: number
  readonly backoffMaxMs: number
  /** After which a leader that does not answer is given up. */
  readonly timeoutMs: number
  /** High watermarks are to arrive at once, because consumers may read from followers. */
  readonly isPrompt: boolean
}

/** Kafka's name of its own selector, which is the only one that there is here. */
const RACK_AWARE_SELECTOR = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'

/** The broker configs in force on this broker. */
export function brokerConfigOf(image: ClusterImage, nodeId: number, fromFile: ReadonlyMap<string, string>): BrokerConfig {
  return new BrokerConfig({ fromFile, allBrokers: image.configs.defaultBroker(), thisBroker: image.configs.broker(nodeId) })
}

export function brokerSettings(config: BrokerConfig): BrokerSettings {
  return {
    autoCreateTopicsEnable: config.get('auto.create.topics.enable'),
    fetchMaxBytes: config.get('fetch.max.bytes'),
    socketRequestMaxBytes: config.get('socket.request.max.bytes'),
    queuedMaxRequestBytes: config.get('queued.max.request.bytes'),
    maxConnections: config.get('max.connections'),
    connectionsMaxIdleMs: config.get('connections.max.idle.ms'),
    fetchSessionSlots: config.get('max.incremental.fetch.session.cache.slots'),
    maxRequestPartitions: config.get('max.request.partition.size.limit'),
    heartbeatIntervalMs: config.get('broker.heartbeat.interval.ms'),
    sessionTimeoutMs: config.get('broker.session.timeout.ms'),
    controlledShutdown: config.get('controlled.shutdown.enable'),
    registrationTimeoutMs: config.get('initial.broker.registration.timeout.ms'),
    coordinatorCommitTimeoutMs: config.get('offsets.commit.timeout.ms'),
    groups: groupSettings(config),
    replicaLagTimeMaxMs: config.get('replica.lag.time.max.ms'),
    verifiesTransactions: config.get('transaction.partition.verification.enable'),
    transactions: {
      maxTimeoutMs: config.get('transaction.max.timeout.ms'),
      idExpirationMs: config.get('transactional.id.expiration.ms'),
      abortTimedOutIntervalMs: config.get('transaction.abort.timed.out.transaction.cleanup.interval.ms'),
      removeExpiredIntervalMs: config.get('transaction.remove.expired.transaction.cleanup.interval.ms'),
    },
    selectsReplicaByRack: config.get('replica.selector.class') === RACK_AWARE_SELECTOR,
    replicaFetch: {
      maxBytes: config.get('replica.fetch.max.bytes'),
      responseMaxBytes: config.get('replica.fetch.response.max.bytes'),
      minBytes: config.get('replica.fetch.min.bytes'),
      maxWaitMs: config.get('replica.fetch.wait.max.ms'),
      backoffMaxMs: config.get('replica.fetch.backoff.ms'),
      timeoutMs: config.get('replica.socket.timeout.ms'),
      isPrompt: config.get('replica.selector.class') === RACK_AWARE_SELECTOR,
    },
  }
}

const MINUTE_MS = 60_000

function groupSettings(config: BrokerConfig): BrokerGroupSettings {
  return {
    minSessionTimeoutMs: config.get('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: config.get('group.max.session.timeout.ms'),
    initialRebalanceDelayMs: config.get('group.initial.rebalance.delay.ms'),
    maxSize: config.get('group.max.size'),
    offsetMetadataMaxBytes: config.get('offset.metadata.max.bytes'),
    offsetsRetentionMs: config.get('offsets.retention.minutes') * MINUTE_MS,
    offsetsRetentionCheckIntervalMs: config.get('offsets.retention.check.interval.ms'),
    consumerSessionTimeoutMs: config.get('group.consumer.session.timeout.ms'),
    consumerHeartbeatIntervalMs: config.get('group.consumer.heartbeat.interval.ms'),
    consumerRestingHeartbeatIntervalMs: config.get('group.consumer.resting.heartbeat.interval.ms'),
    consumerWaitingHeartbeatIntervalMs: config.get('group.consumer.waiting.heartbeat.interval.ms'),
    consumerAssignmentIntervalMs: config.get('group.consumer.assignment.interval.ms'),
    consumerMaxSize: config.get('group.consumer.max.size'),
    consumerAssignors: config.get('group.consumer.assignors'),
    consumerMigrationPolicy: config.get('group.consumer.migration.policy'),
    removeDisconnectedMembers: config.get('group.leave.on.disconnect'),
  }
}

/**
 * What holds for a group that has configs of its own. The time between heartbeats that was set for it is what its members are told while
 * they wait for nothing, however few they are; how soon they come back when they wait for something stays as it is for all.
 */
export function consumerGroupSettings(overrides: ConfigOverrides, config: BrokerConfig): ConsumerGroupSettings {
  const { assignmentIntervalMs, heartbeatIntervalMs, sessionTimeoutMs } = parseGroupConfig(overrides, config)
  return {
    consumerSessionTimeoutMs: sessionTimeoutMs,
    consumerHeartbeatIntervalMs: heartbeatIntervalMs ?? config.get('group.consumer.heartbeat.interval.ms'),
    consumerRestingHeartbeatIntervalMs: heartbeatIntervalMs ?? config.get('group.consumer.resting.heartbeat.interval.ms'),
    consumerAssignmentIntervalMs: assignmentIntervalMs,
  }
}
