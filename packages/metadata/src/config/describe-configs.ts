/** All configs of a topic, a broker or a group with values, sources and synonyms: what DescribeConfigs and CreateTopics show. */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { BROKER_CONFIG_NAMES, brokerConfigDefinition } from './broker-configs.ts'
import { CONFIG_SOURCES, type ConfigEntry } from './config-entry.ts'
import { GROUP_CONFIG_NAMES, GROUP_CONFIGS } from './group-configs.ts'
import { effectiveTopicValue, topicSynonyms } from './effective-topic-value.ts'
import { TOPIC_CONFIG_NAMES, topicConfigDefinition } from './topic-configs.ts'

/** Sorted by name. */
export function describeTopicConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigEntry[] {
  return TOPIC_CONFIG_NAMES.map((name) => {
    const { kind, documentation } = topicConfigDefinition(name)
    const synonyms = topicSynonyms(name, overrides, brokerConfig)
    return {
      name,
      value: effectiveTopicValue(name, overrides, brokerConfig),
      source: synonyms[0]?.source ?? CONFIG_SOURCES.default,
      type: kind.type,
      isReadOnly: false,
      isSensitive: false,
      documentation,
      synonyms,
    }
  })
}

/** Sorted by name. A value outside the broker's bounds is shown as it was set, though the group has the nearest that is within. */
export function describeGroupConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigEntry[] {
  return GROUP_CONFIG_NAMES.map((name) => {
    const { kind, brokerName, documentation } = GROUP_CONFIGS[name]
    const own = overrides.get(name)
    const synonyms = brokerConfig.givenFor(brokerName).slice()
    if (own !== undefined) synonyms.unshift({ name, value: own, source: CONFIG_SOURCES.group })
    return {
      name,
      value: synonyms[0]?.value ?? null,
      source: synonyms[0]?.source ?? CONFIG_SOURCES.default,
      type: kind.type,
      isReadOnly: false,
      isSensitive: false,
      documentation,
      synonyms,
    }
  })
}

/** Sorted by name. */
export function describeBrokerConfig(brokerConfig: BrokerConfig): ConfigEntry[] {
  return BROKER_CONFIG_NAMES.map((name) => {
    const { kind, alterable, documentation } = brokerConfigDefinition(name)
    const synonyms = brokerConfig.givenFor(name)
    return {
      name,
      value: synonyms[0]?.value ?? null,
      source: synonyms[0]?.source ?? CONFIG_SOURCES.default,
      type: kind.type,
      isReadOnly: alterable === 'never',
      isSensitive: false,
      documentation,
      synonyms,
    }
  })
}

/** What was altered for all brokers at once: only that, without what each broker has beneath. */
export function describeDefaultBrokerConfig(allBrokers: ConfigOverrides): ConfigEntry[] {
  const source = CONFIG_SOURCES.dynamicDefaultBroker
  return BROKER_CONFIG_NAMES.flatMap((name) => {
    const value = allBrokers.get(name)
    if (value === undefined) return []
    const { kind, documentation } = brokerConfigDefinition(name)
    const synonyms = [{ name, value, source }]
    return [{ name, value, source, type: kind.type, isReadOnly: false, isSensitive: false, documentation, synonyms }]
  })
}
