/** Says what is wrong with configs that somebody wants to set for topics and brokers, all of it and not only the first. */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { orderProblem, orderProblems } from './broker-config-order.ts'
import { BROKER_CONFIG_NAMES, type BrokerConfigName, brokerConfigDefinition, isBrokerConfigName } from './broker-configs.ts'
import { type ConfigProblem, unknownName, valueProblem } from './config-problem.ts'
import { effectiveTopicValue } from './effective-topic-value.ts'
import { isTopicConfigName, TOPIC_CONFIG_NAMES, TOPIC_CONFIGS, type TopicConfigName, topicConfigDefinition } from './topic-configs.ts'

/** What is wrong with a topic that sets these; empty when nothing is. */
export function checkTopicConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [name, value] of overrides) {
    if (!isTopicConfigName(name)) problems.push(unknownName('topic', name, TOPIC_CONFIG_NAMES))
    else pushIfAny(problems, valueProblem(name, value, topicConfigDefinition(name).kind))
  }
  if (problems.length === 0) pushIfAny(problems, compactionLagProblem(overrides, brokerConfig))
  return problems
}

/** What is wrong with these as configs from a broker's command line and file. */
export function checkBrokerFile(values: ConfigOverrides): ConfigProblem[] {
  const problems = eachBrokerProblem(values)
  return problems.length > 0 ? problems : orderProblems((name) => values.get(name))
}

/**
 * What is wrong with altering brokers to these while they run. `all` is what is altered already, with the change; what cannot be altered
 * is as `config` has it.
 */
export function checkBrokerAlteration(changed: ConfigOverrides, all: ConfigOverrides, config: BrokerConfig): ConfigProblem[] {
  const problems = eachBrokerProblem(changed)
  for (const name of changed.keys()) {
    if (isBrokerConfigName(name) && isFixed(name)) {
      problems.push({
        name,
        message: `${name} cannot be changed while a broker runs; set it in the configuration file and restart`,
      })
    }
  }
  if (problems.length > 0) return problems
  return orderProblems((name) => all.get(name) ?? (isFixed(name) ? config.lookUp(name)?.value : undefined))
}

/** Says that the name is unknown, or null when it is known. For configs that are named without a value. */
export function unknownConfigProblem(resource: 'topic' | 'broker', name: string): ConfigProblem | null {
  const isKnown = resource === 'topic' ? isTopicConfigName(name) : isBrokerConfigName(name)
  return isKnown ? null : unknownName(resource, name, resource === 'topic' ? TOPIC_CONFIG_NAMES : BROKER_CONFIG_NAMES)
}

function eachBrokerProblem(values: ConfigOverrides): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [name, value] of values) {
    if (!isBrokerConfigName(name)) problems.push(unknownName('broker', name, BROKER_CONFIG_NAMES))
    else pushIfAny(problems, valueProblem(name, value, brokerConfigDefinition(name).kind))
  }
  return problems
}

function isFixed(name: BrokerConfigName): boolean {
  return brokerConfigDefinition(name).alterable === 'never'
}

function compactionLagProblem(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigProblem | null {
  const read = (name: TopicConfigName): { readonly name: string; readonly value: number } => {
    const value = TOPIC_CONFIGS[name].kind.parse(effectiveTopicValue(name, overrides, brokerConfig))
    return { name, value: typeof value === 'number' ? value : Number.NaN }
  }
  return orderProblem(read('min.compaction.lag.ms'), read('max.compaction.lag.ms'))
}

function pushIfAny(problems: ConfigProblem[], problem: ConfigProblem | null): void {
  if (problem !== null) problems.push(problem)
}
