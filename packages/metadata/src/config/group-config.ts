/** What holds for one consumer group, as values that code uses. */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { GROUP_CONFIGS, type GroupConfigName } from './group-configs.ts'

export interface GroupConfig {
  readonly assignmentIntervalMs: number
  /** Null: not set for this group. */
  readonly heartbeatIntervalMs: number | null
  readonly sessionTimeoutMs: number
}

export interface Bounds {
  readonly min: number
  readonly max: number
}

/**
 * What was set before the bounds were made narrower is brought into them. Where that leaves a session no longer than the time between
 * heartbeats, the group has what all groups have: its members would be fenced while they do as they are told.
 */
export function parseGroupConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): GroupConfig {
  const own = (name: GroupConfigName): number | null => ownValue(name, overrides, brokerConfig)
  const heartbeatIntervalMs = own('consumer.heartbeat.interval.ms')
  const sessionTimeoutMs = own('consumer.session.timeout.ms') ?? brokerConfig.get('group.consumer.session.timeout.ms')
  const assignmentIntervalMs = own('consumer.assignment.interval.ms') ?? brokerConfig.get('group.consumer.assignment.interval.ms')
  if (sessionTimeoutMs > (heartbeatIntervalMs ?? brokerConfig.get('group.consumer.heartbeat.interval.ms'))) {
    return { assignmentIntervalMs, heartbeatIntervalMs, sessionTimeoutMs }
  }
  return { assignmentIntervalMs, heartbeatIntervalMs: null, sessionTimeoutMs: brokerConfig.get('group.consumer.session.timeout.ms') }
}

/** Between which values the operator lets a group have its own. */
export function groupConfigBounds(name: GroupConfigName, brokerConfig: BrokerConfig): Bounds {
  const { minName, maxName } = GROUP_CONFIGS[name]
  return { min: brokerConfig.get(minName), max: brokerConfig.get(maxName) }
}

/** Null where nothing was set, or nothing that this build can read. */
function ownValue(name: GroupConfigName, overrides: ConfigOverrides, brokerConfig: BrokerConfig): number | null {
  const value = GROUP_CONFIGS[name].kind.parse(overrides.get(name) ?? '')
  if (value === undefined) return null
  const { min, max } = groupConfigBounds(name, brokerConfig)
  return Math.max(min, Math.min(max, value))
}
