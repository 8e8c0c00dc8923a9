/**
 * The registry of group configs (KIP-848, KIP-1263): Kafka's names for what can be set for one consumer group instead of for all.
 *
 * Each stands in for a broker config, and keeps within two others, which are the operator's word on what a group may have. Kafka has
 * configs for share groups and streams groups as well; where there are no such groups, they are refused with that reason.
 */
import type { BrokerConfigName } from './broker-configs.ts'
import { type ConfigKind, int } from './config-kind.ts'

export interface GroupConfigDefinition<Value> {
  readonly kind: ConfigKind<Value>
  /** What holds for groups that set nothing. */
  readonly brokerName: BrokerConfigName
  readonly minName: BrokerConfigName
  readonly maxName: BrokerConfigName
  readonly documentation: string
}

export const GROUP_CONFIGS = {
  'consumer.assignment.interval.ms': {
    kind: int({ min: 0 }),
    brokerName: 'group.consumer.assignment.interval.ms',
    minName: 'group.consumer.min.assignment.interval.ms',
    maxName: 'group.consumer.max.assignment.interval.ms',
    documentation: 'The least time between two assignments of the partitions of the group.',
  },
  'consumer.heartbeat.interval.ms': {
    kind: int({ min: 1 }),
    brokerName: 'group.consumer.heartbeat.interval.ms',
    minName: 'group.consumer.min.heartbeat.interval.ms',
    maxName: 'group.consumer.max.heartbeat.interval.ms',
    documentation: 'The time that members are told to let pass between heartbeats while they wait for nothing.',
  },
  'consumer.session.timeout.ms': {
    kind: int({ min: 1 }),
    brokerName: 'group.consumer.session.timeout.ms',
    minName: 'group.consumer.min.session.timeout.ms',
    maxName: 'group.consumer.max.session.timeout.ms',
    documentation: 'A member of the group that was not heard of for so long is taken for gone.',
  },
} as const satisfies Readonly<Record<string, GroupConfigDefinition<number>>>

export type GroupConfigName = keyof typeof GROUP_CONFIGS

export const GROUP_CONFIG_NAMES = Object.keys(GROUP_CONFIGS).sort() as readonly GroupConfigName[]

export function isGroupConfigName(name: string): name is GroupConfigName {
  return Object.hasOwn(GROUP_CONFIGS, name)
}

/** The kind of group that a config of Kafka's concerns which has none here; null for all other names. */
export function absentGroupKind(name: string): string | null {
  return /^(share|streams)\./.exec(name)?.[1] ?? null
}
