/** Which of the places that can say something about a topic's config is the one that counts. */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { CONFIG_SOURCES, type ConfigSynonym } from './config-entry.ts'
import { TOPIC_CONFIGS, type TopicConfigName, topicConfigDefinition } from './topic-configs.ts'

/** The effective text, in the topic's own unit. */
export function effectiveTopicValue(name: TopicConfigName, overrides: ConfigOverrides, brokerConfig: BrokerConfig): string {
  const own = overrides.get(name)
  if (own !== undefined) return own
  for (const brokerName of topicConfigDefinition(name).brokerNames) {
    const [given] = brokerConfig.givenFor(brokerName.name)
    if (given !== undefined) return inMilliseconds(given.value, brokerName.unitMs)
  }
  return TOPIC_CONFIGS[name].defaultValue
}

/**
 * All places, the effective one first. A default in another unit is left out, as Kafka does: it says nothing that the
 * topic's own default does not.
 */
export function topicSynonyms(name: TopicConfigName, overrides: ConfigOverrides, brokerConfig: BrokerConfig): readonly ConfigSynonym[] {
  const own = overrides.get(name)
  const synonyms: ConfigSynonym[] = own === undefined ? [] : [{ name, value: own, source: CONFIG_SOURCES.topic }]
  for (const [index, brokerName] of topicConfigDefinition(name).brokerNames.entries()) {
    for (const given of brokerConfig.givenFor(brokerName.name)) {
      if (index === 0 || given.source !== CONFIG_SOURCES.default) synonyms.push(given)
    }
  }
  return synonyms
}

function inMilliseconds(text: string, unitMs: number): string {
  if (unitMs === 1) return text
  const value = Number(text)
  // Negative means "no limit" in every unit.
  return value < 0 ? '-1' : String(value * unitMs)
}
