/**
 * Says what is wrong with configs that somebody wants to set, by name, in words that help: the value, what is allowed, and
 * for an unknown name the one that was probably meant.
 */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import { suggest } from '../suggest.ts'
import type { BrokerConfig } from './broker-config.ts'
import { BROKER_CONFIG_NAMES, type BrokerConfigName, brokerConfigDefinition, isBrokerConfigName } from './broker-configs.ts'
import type { ConfigKind } from './config-kind.ts'
import { effectiveTopicValue } from './effective-topic-value.ts'
import { isTopicConfigName, TOPIC_CONFIG_NAMES, TOPIC_CONFIGS, type TopicConfigName, topicConfigDefinition } from './topic-configs.ts'

export interface ConfigProblem {
  readonly name: string
  readonly message: string
}

const SHOWN_LENGTH_MAX = 100

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
  const problems: ConfigProblem[] = []
  for (const [name, value] of values) {
    if (!isBrokerConfigName(name)) problems.push(unknownName('broker', name, BROKER_CONFIG_NAMES))
    else pushIfAny(problems, valueProblem(name, value, brokerConfigDefinition(name).kind))
  }
  if (problems.length === 0)
    pushIfAny(
      problems,
      brokerCompactionLagProblem((name) => values.get(name)),
    )
  return problems
}

/** What is wrong with altering brokers to these while they run. `all` is what is altered already, with the change. */
export function checkBrokerAlteration(changed: ConfigOverrides, all: ConfigOverrides): ConfigProblem[] {
  const problems = checkBrokerFile(changed)
  for (const name of changed.keys()) {
    if (isBrokerConfigName(name) && brokerConfigDefinition(name).alterable === 'never') {
      problems.push({
        name,
        message: `${name} cannot be changed while a broker runs; set it in the configuration file and restart`,
      })
    }
  }
  if (problems.length === 0)
    pushIfAny(
      problems,
      brokerCompactionLagProblem((name) => all.get(name)),
    )
  return problems
}

/** Says that the name is unknown, or null when it is known. For configs that are named without a value. */
export function unknownConfigProblem(resource: 'topic' | 'broker', name: string): ConfigProblem | null {
  const isKnown = resource === 'topic' ? isTopicConfigName(name) : isBrokerConfigName(name)
  return isKnown ? null : unknownName(resource, name, resource === 'topic' ? TOPIC_CONFIG_NAMES : BROKER_CONFIG_NAMES)
}

function unknownName(resource: string, name: string, names: readonly string[]): ConfigProblem {
  const meant = suggest(name, names)
  const hint = meant === null ? '' : `; did you mean ${meant}?`
  return { name, message: `there is no ${resource} config ${shown(name)}${hint}` }
}

function valueProblem(name: string, value: string, kind: ConfigKind<unknown>): ConfigProblem | null {
  if (kind.parse(value) !== undefined) return null
  return { name, message: `${name} cannot be ${shown(value)}; expected ${kind.allowed}` }
}

function compactionLagProblem(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigProblem | null {
  const read = (name: TopicConfigName): number => {
    const value = TOPIC_CONFIGS[name].kind.parse(effectiveTopicValue(name, overrides, brokerConfig))
    return typeof value === 'number' ? value : Number.NaN
  }
  return lagProblem('min.compaction.lag.ms', read('min.compaction.lag.ms'), 'max.compaction.lag.ms', read('max.compaction.lag.ms'))
}

function brokerCompactionLagProblem(given: (name: BrokerConfigName) => string | undefined): ConfigProblem | null {
  const read = (name: BrokerConfigName): number => {
    const { kind, defaultValue } = brokerConfigDefinition(name)
    const value = kind.parse(given(name) ?? defaultValue ?? '')
    return typeof value === 'number' ? value : Number.NaN
  }
  const minName = 'log.cleaner.min.compaction.lag.ms'
  const maxName = 'log.cleaner.max.compaction.lag.ms'
  return lagProblem(minName, read(minName), maxName, read(maxName))
}

function lagProblem(minName: string, min: number, maxName: string, max: number): ConfigProblem | null {
  if (!(min > max)) return null
  return { name: minName, message: `${minName} (${min}) cannot be greater than ${maxName} (${max})` }
}

function pushIfAny(problems: ConfigProblem[], problem: ConfigProblem | null): void {
  if (problem !== null) problems.push(problem)
}

/** Quoted, escaped and cut: it comes from a client and goes into messages and logs. */
function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text)
}
