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
  /** Members whose connection closes leave at once, static ones excepted. Kafka waits for the end of their session. */
  readonly removeDisconnectedMembers: boolean
}

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
  removeDisconnectedMembers: false,
}
