/** All configs of a topic or a broker with values, sources and synonyms: what DescribeConfigs and CreateTopics show. */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { BROKER_CONFIG_NAMES, brokerConfigDefinition } from './broker-configs.ts'
import { CONFIG_SOURCES, type ConfigEntry } from './config-entry.ts'
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
