/** What an operator can set for groups, with Kafka's names in our spelling. Times are in milliseconds. */
export interface GroupSettings {
  /** `group.min.session.timeout.ms`, `group.max.session.timeout.ms`: the session timeouts that members of classic groups may ask for. */
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /**
   * `group.initial.rebalance.delay.ms`: how long the first rebalance of an empty group waits for more members, again after each that
   * comes. Kafka waits 3 s. A member that comes later costs the others a heartbeat interval, so zero is seldom better than a little.
   */
  readonly initialRebalanceDelayMs: number
  /** `group.max.size`: members of one classic group. */
  readonly maxSize: number
  /** `offset.metadata.max.bytes`: characters, in fact, of the metadata that is committed with an offset. */
  readonly offsetMetadataMaxBytes: number
  /** `offsets.retention.minutes`: how long offsets outlive the last member of their group. */
  readonly offsetsRetentionMs: number
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number
  /** `max.message.bytes` of the internal topic: no step writes more, for what it writes is one batch. */
  readonly maxBatchBytes: number
  /** `group.consumer.session.timeout.ms`: a member of a consumer group that was not heard of for as long is fenced. */
  readonly consumerSessionTimeoutMs: number
  /** `group.consumer.heartbeat.interval.ms`: the longest interval at which members of consumer groups are to send heartbeats. */
  readonly consumerHeartbeatIntervalMs: number
  /** The shortest such interval, for members of a group at rest. Kafka has the longest for all. */
  readonly consumerRestingHeartbeatIntervalMs: number
  /** The same for members that wait for others, or are to give up partitions. */
  readonly consumerWaitingHeartbeatIntervalMs: number
  /** `group.consumer.assignment.interval.ms`: the least time between two target assignments of a group. Kafka's default is 1 s. */
  readonly consumerAssignmentIntervalMs: number
  /** `group.consumer.max.size`: members of one consumer group. */
  readonly consumerMaxSize: number
  /** `group.consumer.assignors`: by name; the first is the default. */
  readonly consumerAssignors: readonly string[]
  /** `group.consumer.migration.policy`: whether a group with members may become one of the other protocol. */
  readonly consumerMigrationPolicy: 'bidirectional' | 'upgrade' | 'downgrade' | 'disabled'
  /** Members whose connection closes leave at once, static ones excepted. Kafka waits for the end of their session. */
  readonly removeDisconnectedMembers: boolean
}

/** What can be set for one consumer group as well, with the configs of the group. */
export type ConsumerGroupSettings = Pick<
  GroupSettings,
  'consumerSessionTimeoutMs' | 'consumerHeartbeatIntervalMs' | 'consumerRestingHeartbeatIntervalMs' | 'consumerAssignmentIntervalMs'
>

const MINUTE_MS = 60_000

export const DEFAULT_GROUP_SETTINGS: GroupSettings = {
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 30 * MINUTE_MS,
  initialRebalanceDelayMs: 50,
  maxSize: 2_147_483_647,
  offsetMetadataMaxBytes: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * MINUTE_MS,
  offsetsRetentionCheckIntervalMs: 10 * MINUTE_MS,
  maxBatchBytes: 1_048_588,
  consumerSessionTimeoutMs: 45_000,
  consumerHeartbeatIntervalMs: 5_000,
  consumerRestingHeartbeatIntervalMs: 500,
  consumerWaitingHeartbeatIntervalMs: 100,
  consumerAssignmentIntervalMs: 0,
  consumerMaxSize: 2_147_483_647,
  consumerAssignors: ['uniform', 'range'],
  consumerMigrationPolicy: 'bidirectional',
  removeDisconnectedMembers: false,
}
