/**
 * Changes the configs of topics, brokers and groups: replacing all that was set (`alterConfigs`) or key by key
 * (`incrementalAlterConfigs`). Each resource succeeds or fails on its own, and as a whole.
 */
import {
  type AlterConfigsCommand,
  BROKER_CONFIGS,
  checkBrokerAlteration,
  checkGroupConfig,
  checkTopicConfig,
  type ConfigChange,
  type ConfigOverrides,
  type ConfigProblem,
  type ConfigRecord,
  type ConfigResourceOutcome,
  type ConfigResourceType,
  effectiveTopicValue,
  type IncrementalAlterConfigsCommand,
  isBrokerConfigName,
  isTopicConfigName,
  type MetadataRecord,
  type Outcome,
  splitList,
  TOPIC_CONFIGS,
  topicNameProblem,
  unknownConfigProblem,
  unknownGroupConfig,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, packBatches, RECORDS_PER_BATCH, repeated, SUCCESS } from './command.ts'
import { configConsequences } from './config-consequences.ts'

interface Resource {
  readonly type: ConfigResourceType
  readonly name: string
}

type Result = CommandResult<readonly ConfigResourceOutcome[]>

const MIN_ISR = 'min.insync.replicas'

/** No group has a longer id: coordinators refuse it. */
const GROUP_ID_LENGTH_MAX = 10_000

/** Leaders and controller have to mean the same, or a replica that lacks something would count as one that has everything. */
const MIN_ISR_PROBLEM: ConfigProblem = {
  name: MIN_ISR,
  message: `${MIN_ISR} has to be the same on all brokers; set it for topics, or for all brokers at once`,
}

export function alterConfigs(request: AlterConfigsCommand, context: CommandContext): Result {
  return alterResources(request, context, (resource) => {
    const wanted = new Map<string, string>()
    for (const { name, value } of resource.configs) {
      if (value === null) return failure(ERROR_CODES.INVALID_REQUEST, `config ${name} has no value; leave it out to remove it`)
      wanted.set(name, value)
    }
    return wanted
  })
}

export function incrementalAlterConfigs(request: IncrementalAlterConfigsCommand, context: CommandContext): Result {
  return alterResources(request, context, (resource, current) => {
    const wanted = new Map(current)
    for (const change of resource.configs) {
      const outcome = applyChange(wanted, change, resource, context)
      if (outcome !== null) return outcome
    }
    return wanted
  })
}

/** Checks each resource, asks what its configs shall be, checks that, and turns the difference into records. */
function alterResources<R extends Resource & { readonly configs: readonly { readonly name: string }[] }>(
  request: { readonly resources: readonly R[]; readonly validateOnly: boolean },
  context: CommandContext,
  wantedConfigs: (resource: R, current: ConfigOverrides) => ConfigOverrides | Outcome,
): Result {
  const twice = repeated(request.resources.map(keyOf))
  const units: MetadataRecord[][] = []
  const response = request.resources.map((resource): ConfigResourceOutcome => {
    const { type, name } = resource
    if (twice.has(keyOf(resource))) {
      return { type, name, ...failure(ERROR_CODES.INVALID_REQUEST, 'the request names this resource more than once') }
    }
    const problem = resourceProblem(resource, context) ?? repetitionProblem(resource.configs)
    if (problem !== null) return { type, name, ...problem }
    const current = context.image.configs.get(type, name)
    const wanted = wantedConfigs(resource, current)
    if ('errorCode' in wanted) return { type, name, ...wanted }
    const problems = checkWanted(resource, current, wanted, context)
    if (problems.length > 0) {
      // Kafka's brokers look at their own configs as requests, its controller at all others as configs.
      const errorCode = type === 'broker' ? ERROR_CODES.INVALID_REQUEST : ERROR_CODES.INVALID_CONFIG
      return { type, name, ...failure(errorCode, problems.map(({ message }) => message).join('; ')) }
    }
    const records = difference(resource, current, wanted)
    const consequences = records.length === 0 ? [] : configConsequences({ type, name, wanted }, context)
    if (consequences.length + records.length <= RECORDS_PER_BATCH) units.push([...consequences, ...records])
    else units.push(...consequences.map((record) => [record]), records)
    return { type, name, ...SUCCESS }
  })
  return { batches: request.validateOnly ? [] : packBatches(units), response }
}

function resourceProblem({ type, name }: Resource, context: CommandContext): Outcome | null {
  const { image } = context
  if (type === 'topic') {
    if (name === '') return failure(ERROR_CODES.INVALID_REQUEST, 'there are no configs for all topics; alter those of all brokers instead')
    const problem = topicNameProblem(name)
    if (problem !== null) return failure(ERROR_CODES.INVALID_TOPIC_EXCEPTION, problem)
    return image.topics.get(name) === undefined ? failure(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`) : null
  }
  if (type === 'group') return groupIdProblem(name)
  if (name === '') return null
  if (!/^(0|[1-9][0-9]{0,9})$/.test(name)) {
    return failure(ERROR_CODES.INVALID_REQUEST, `${JSON.stringify(name)} is not a broker id; expected a number, or nothing for all brokers`)
  }
  return image.brokers.has(Number(name)) ? null : failure(ERROR_CODES.INVALID_REQUEST, `there is no broker ${name}`)
}

/** Whether there is such a group is not asked: its configs are there before its first member. */
function groupIdProblem(id: string): Outcome | null {
  if (id === '')
    return failure(ERROR_CODES.INVALID_REQUEST, 'there are no configs for all groups; set them in the file of each broker instead')
  if (id.length <= GROUP_ID_LENGTH_MAX) return null
  return failure(ERROR_CODES.INVALID_REQUEST, `a group id has at most ${GROUP_ID_LENGTH_MAX} characters, not ${id.length}`)
}

function repetitionProblem(configs: readonly { readonly name: string }[]): Outcome | null {
  const [name] = repeated(configs.map((config) => config.name))
  return name === undefined ? null : failure(ERROR_CODES.INVALID_REQUEST, `config ${name} is given more than once`)
}

function checkWanted(
  { type, name }: Resource,
  current: ConfigOverrides,
  wanted: ConfigOverrides,
  context: CommandContext,
): ConfigProblem[] {
  if (type === 'topic') return checkTopicConfig(wanted, context.config)
  if (type === 'group') return checkGroupConfig(wanted, context.config)
  const changed = new Map([...wanted].filter(([key, value]) => current.get(key) !== value))
  const problems = checkBrokerAlteration(changed, wanted, context.config)
  return name !== '' && changed.has(MIN_ISR) ? [...problems, MIN_ISR_PROBLEM] : problems
}

/** Null when the change is made. */
function applyChange(wanted: Map<string, string>, change: ConfigChange, resource: Resource, context: CommandContext): Outcome | null {
  const { name, operation, value } = change
  if (operation === 'delete') {
    // A key that is set can be removed even when this build does not know it, and any other is not set already.
    wanted.delete(name)
    return null
  }
  if (value === null) return failure(ERROR_CODES.INVALID_REQUEST, `config ${name} has no value`)
  if (operation === 'set') {
    wanted.set(name, value)
    return null
  }
  const unknown = resource.type === 'group' ? unknownGroupConfig(name) : unknownConfigProblem(resource.type, name)
  if (unknown !== null) return failure(ERROR_CODES.INVALID_CONFIG, unknown.message)
  const base = listBase(name, wanted, resource, context)
  if (base === null) {
    return failure(
      ERROR_CODES.INVALID_CONFIG,
      `${name} is not a list, so nothing can be ${operation === 'append' ? 'appended to' : 'taken from'} it`,
    )
  }
  const elements = splitList(base)
  const given = splitList(value)
  const result =
    operation === 'append'
      ? [...elements, ...given.filter((element) => !elements.includes(element))]
      : elements.filter((element) => !given.includes(element))
  wanted.set(name, result.join(','))
  return null
}

/** The list that an element is added to or taken from: what is set or else in force. Null when it is no list. */
function listBase(name: string, wanted: ConfigOverrides, resource: Resource, context: CommandContext): string | null {
  if (resource.type === 'topic') {
    if (!isTopicConfigName(name) || TOPIC_CONFIGS[name].kind.type !== 'list') return null
    return effectiveTopicValue(name, wanted, context.config)
  }
  if (resource.type === 'group') return null
  if (!isBrokerConfigName(name) || BROKER_CONFIGS[name].kind.type !== 'list') return null
  return wanted.get(name) ?? BROKER_CONFIGS[name].defaultValue ?? ''
}

function difference(resource: Resource, current: ConfigOverrides, wanted: ConfigOverrides): ConfigRecord[] {
  const record = (name: string, value: string | null): ConfigRecord => ({
    type: 'config',
    resourceType: resource.type,
    resourceName: resource.name,
    name,
    value,
  })
  return [
    ...[...current.keys()].filter((name) => !wanted.has(name)).map((name) => record(name, null)),
    ...[...wanted].filter(([name, value]) => current.get(name) !== value).map(([name, value]) => record(name, value)),
  ]
}

function keyOf(resource: Resource): string {
  return `${resource.type} ${resource.name}`
}
