/** All configs of a topic, a broker or a group with values, sources and synonyms: what DescribeConfigs and CreateTopics show. */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { BROKER_CONFIG_NAMES, brokerConfigDefinition } from './broker-configs.ts'
import { CONFIG_SOURCES, type ConfigEntry, type ConfigSource, type ConfigSynonym } from './config-entry.ts'
import type { ConfigKind } from './config-kind.ts'
import { GROUP_CONFIG_NAMES, GROUP_CONFIGS } from './group-configs.ts'
import { effectiveTopicValue, topicSynonyms } from './effective-topic-value.ts'
import { shownValue } from './shown-value.ts'
import { TOPIC_CONFIG_NAMES, topicConfigDefinition } from './topic-configs.ts'

/** Sorted by name. */
export function describeTopicConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigEntry[] {
  return topicConfigAsGiven(overrides, brokerConfig).map((entry) => shown(entry, CONFIG_SOURCES.topic))
}

/** Sorted by name, with values as they were given: so CreateTopics shows them, in Apache Kafka too. */
export function topicConfigAsGiven(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigEntry[] {
  return TOPIC_CONFIG_NAMES.map((name) => {
    const synonyms = topicSynonyms(name, overrides, brokerConfig)
    return entryOf(name, topicConfigDefinition(name), synonyms, effectiveTopicValue(name, overrides, brokerConfig))
  })
}

/** Sorted by name. A value outside the broker's bounds is shown as it was set, though the group has the nearest that is within. */
export function describeGroupConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigEntry[] {
  return GROUP_CONFIG_NAMES.map((name) => {
    const own = overrides.get(name)
    const synonyms = brokerConfig.givenFor(GROUP_CONFIGS[name].brokerName).slice()
    if (own !== undefined) synonyms.unshift({ name, value: own, source: CONFIG_SOURCES.group })
    return shown(entryOf(name, GROUP_CONFIGS[name], synonyms), CONFIG_SOURCES.group)
  })
}

/** Sorted by name. */
export function describeBrokerConfig(brokerConfig: BrokerConfig): ConfigEntry[] {
  return BROKER_CONFIG_NAMES.map((name) => {
    const definition = brokerConfigDefinition(name)
    return { ...shown(entryOf(name, definition, brokerConfig.givenFor(name))), isReadOnly: definition.alterable === 'never' }
  })
}

/** What was altered for all brokers at once: only that, as it was given, without what each broker has beneath. */
export function describeDefaultBrokerConfig(allBrokers: ConfigOverrides): ConfigEntry[] {
  const source = CONFIG_SOURCES.dynamicDefaultBroker
  return BROKER_CONFIG_NAMES.flatMap((name) => {
    const value = allBrokers.get(name)
    return value === undefined ? [] : [entryOf(name, brokerConfigDefinition(name), [{ name, value, source }])]
  })
}

interface Described {
  readonly kind: ConfigKind<unknown>
  readonly documentation: string
}

function entryOf(
  name: string,
  { kind, documentation }: Described,
  synonyms: readonly ConfigSynonym[],
  value: string | null = synonyms[0]?.value ?? null,
): ConfigEntry {
  const source = synonyms[0]?.source ?? CONFIG_SOURCES.default
  return { name, value, source, type: kind.type, isReadOnly: false, isSensitive: false, documentation, synonyms }
}

/** Among the synonyms Apache Kafka shows a topic's or a group's own value in the same way, and those of brokers as they were given. */
function shown(entry: ConfigEntry, ownSource: ConfigSource | null = null): ConfigEntry {
  const { type, value, synonyms } = entry
  const shownSynonym = (synonym: ConfigSynonym): ConfigSynonym =>
    synonym.source === ownSource ? { ...synonym, value: shownValue(type, synonym.value) } : synonym
  return { ...entry, value: value === null ? null : shownValue(type, value), synonyms: synonyms.map(shownSynonym) }
}
