/** Says what is wrong with configs that somebody wants to set for a group. */
import type { ConfigOverrides } from '../image/cluster-image.ts'
import type { BrokerConfig } from './broker-config.ts'
import { type ConfigProblem, shownValue, unknownName, valueProblem } from './config-problem.ts'
import { groupConfigBounds } from './group-config.ts'
import { absentGroupKind, GROUP_CONFIG_NAMES, GROUP_CONFIGS, type GroupConfigName, isGroupConfigName } from './group-configs.ts'

const HEARTBEAT = 'consumer.heartbeat.interval.ms'
const SESSION = 'consumer.session.timeout.ms'

/** What is wrong with a group that sets these; empty when nothing is. */
export function checkGroupConfig(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigProblem[] {
  const problems = [...overrides].flatMap(([name, value]) => problemOf(name, value, brokerConfig) ?? [])
  return problems.length > 0 ? problems : sessionProblem(overrides, brokerConfig)
}

/** For configs that are named without a value; null when it is one of a group's. */
export function unknownGroupConfig(name: string): ConfigProblem | null {
  if (isGroupConfigName(name)) return null
  const kind = absentGroupKind(name)
  if (kind === null) return unknownName('group', name, GROUP_CONFIG_NAMES)
  return { name, message: `${shownValue(name)} is for ${kind} groups, of which there are none here` }
}

function problemOf(name: string, value: string, brokerConfig: BrokerConfig): ConfigProblem | null {
  if (!isGroupConfigName(name)) return unknownGroupConfig(name)
  const { kind, minName, maxName } = GROUP_CONFIGS[name]
  const parsed = kind.parse(value)
  if (parsed === undefined) return valueProblem(name, value, kind)
  const { min, max } = groupConfigBounds(name, brokerConfig)
  if (parsed >= min && parsed <= max) return null
  return { name, message: `${name} cannot be ${parsed}; expected ${min} (${minName}) to ${max} (${maxName})` }
}

function sessionProblem(overrides: ConfigOverrides, brokerConfig: BrokerConfig): ConfigProblem[] {
  const effective = (name: GroupConfigName): number => {
    const { kind, brokerName } = GROUP_CONFIGS[name]
    return kind.parse(overrides.get(name) ?? brokerConfig.lookUp(brokerName)?.value ?? '') ?? Number.NaN
  }
  const [heartbeat, session] = [effective(HEARTBEAT), effective(SESSION)]
  if (heartbeat < session) return []
  return [{ name: SESSION, message: `${SESSION} (${session}) has to be greater than ${HEARTBEAT} (${heartbeat})` }]
}
