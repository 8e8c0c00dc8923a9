/** How a config looks from outside: its value, where that came from, and what would apply without it. */
import type { ConfigType } from './config-kind.ts'

/** The numbers are the protocol's. */
export const CONFIG_SOURCES = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  group: 8,
} as const

export type ConfigSource = (typeof CONFIG_SOURCES)[keyof typeof CONFIG_SOURCES]

/** The numbers are the protocol's. */
export const CONFIG_TYPE_CODES: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
}

export interface ConfigEntry {
  readonly name: string
  readonly value: string | null
  readonly source: ConfigSource
  readonly type: ConfigType
  /** Cannot be changed while the broker runs. */
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly documentation: string
  /** Every place where a value is given, the effective one first. */
  readonly synonyms: readonly ConfigSynonym[]
}

export interface ConfigSynonym {
  readonly name: string
  readonly value: string
  readonly source: ConfigSource
}
