/**
 * The broker configs in force on one broker: what its file says, what was altered for all brokers and for this one, and the
 * defaults beneath. Immutable; a change makes a new one.
 */
import { METADATA_ERROR_CODES, MetadataError } from '../errors.ts'
import type { ConfigOverrides } from '../image/cluster-image.ts'
import { BROKER_CONFIGS, type BrokerConfigName, brokerConfigDefinition, isBrokerConfigName } from './broker-configs.ts'
import { CONFIG_SOURCES, type ConfigSource, type ConfigSynonym } from './config-entry.ts'
import type { ConfigKind } from './config-kind.ts'

export interface BrokerConfigLayers {
  /** From the command line and the configuration file, already checked. */
  readonly fromFile: ConfigOverrides
  readonly allBrokers?: ConfigOverrides
  readonly thisBroker?: ConfigOverrides
}

/** Null only where there is no default. */
export type BrokerConfigValue<Name extends BrokerConfigName> = (typeof BROKER_CONFIGS)[Name] extends {
  readonly kind: ConfigKind<infer Value>
  readonly defaultValue: infer Default
}
  ? Value | (Default extends null ? null : never)
  : never

export class BrokerConfig {
  /** Highest priority first. */
  readonly #layers: readonly { readonly source: ConfigSource; readonly values: ConfigOverrides }[]

  constructor(layers: BrokerConfigLayers) {
    this.#layers = [
      { source: CONFIG_SOURCES.dynamicBroker, values: layers.thisBroker ?? new Map() },
      { source: CONFIG_SOURCES.dynamicDefaultBroker, values: layers.allBrokers ?? new Map() },
      { source: CONFIG_SOURCES.staticBroker, values: layers.fromFile },
    ]
  }

  /** The same with other values for all brokers. */
  withAllBrokers(allBrokers: ConfigOverrides): BrokerConfig {
    const [thisBroker, , fromFile] = this.#layers.map(({ values }) => values)
    return new BrokerConfig({ fromFile: fromFile ?? new Map(), allBrokers, thisBroker: thisBroker ?? new Map() })
  }

  /** The effective value, parsed. */
  get<Name extends BrokerConfigName>(name: Name): BrokerConfigValue<Name> {
    const given = this.lookUp(name)
    if (given === null) return null as BrokerConfigValue<Name>
    const value = brokerConfigDefinition(name).kind.parse(given.value)
    if (value === undefined) {
      throw new MetadataError(METADATA_ERROR_CODES.configInvalid, `${name} has the value "${given.value}", which is not allowed`)
    }
    return value as BrokerConfigValue<Name>
  }

  /** The effective text and where it comes from; null where nothing is set and there is no default. */
  lookUp(name: BrokerConfigName): ConfigSynonym | null {
    return this.givenFor(name)[0] ?? null
  }

  /** Every layer that has a value for the name, the effective one first, the default last. */
  givenFor(name: string): readonly ConfigSynonym[] {
    if (!isBrokerConfigName(name)) return []
    const given: ConfigSynonym[] = []
    for (const layer of this.#layers) {
      const value = layer.values.get(name)
      if (value !== undefined) given.push({ name, value, source: layer.source })
    }
    const { defaultValue } = BROKER_CONFIGS[name]
    if (defaultValue !== null) given.push({ name, value: defaultValue, source: CONFIG_SOURCES.default })
    return given
  }
}
