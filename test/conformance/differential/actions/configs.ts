/** What operators set for groups, and look at. */
import { alterConfigsApi, describeConfigsApi, incrementalAlterConfigsApi, listConfigResourcesApi } from '@millrace/protocol'
import { type Ask, type Step, step } from '../scenario.ts'
import type { World } from '../world.ts'
import { GROUP } from './classic.ts'

const ADMIN = 'admin'
const GROUP_TYPE = 32
/** Where a value comes from that was set for the group. */
const GROUP_SOURCE = 8
const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const
const DESCRIBE_VERSION = 4
const POLL_MS = 20
const POLLS_MAX = 500

/** Of consumer groups, those whose defaults are Apache Kafka's, which describes configs of groups of other kinds as well. */
export const DESCRIBED_CONFIGS = ['consumer.heartbeat.interval.ms', 'consumer.session.timeout.ms'] as const

export type Change = readonly [operation: keyof typeof OPERATIONS, name: string, value: string | null]

interface AlterOptions {
  readonly group?: string
  readonly version?: number
  readonly validateOnly?: boolean
  /** What the group has set in the end: Apache Kafka's brokers hear of it a little after its controller has answered. */
  readonly gives?: Readonly<Record<string, string>>
}

export function changeGroupConfigs(changes: readonly Change[], options: AlterOptions = {}): Step {
  const { group = GROUP, version = 1, validateOnly = false, gives } = options
  return step({
    actor: ADMIN,
    api: incrementalAlterConfigsApi,
    version,
    request: (world) => ({
      resources: [
        {
          resourceType: GROUP_TYPE,
          resourceName: world.named(group),
          configs: changes.map(([operation, name, value]) => ({ name, configOperation: OPERATIONS[operation], value })),
        },
      ],
      validateOnly,
    }),
    settle: (world, ask) => awaitConfigs(world, ask, group, gives),
  })
}

export function replaceGroupConfigs(configs: readonly (readonly [name: string, value: string | null])[], options: AlterOptions = {}): Step {
  const { group = GROUP, version = 2, validateOnly = false, gives } = options
  return step({
    actor: ADMIN,
    api: alterConfigsApi,
    version,
    request: (world) => ({
      resources: [
        { resourceType: GROUP_TYPE, resourceName: world.named(group), configs: configs.map(([name, value]) => ({ name, value })) },
      ],
      validateOnly,
    }),
    settle: (world, ask) => awaitConfigs(world, ask, group, gives),
  })
}

export function describeGroupConfigs(
  group: string = GROUP,
  version = DESCRIBE_VERSION,
  names: readonly string[] = DESCRIBED_CONFIGS,
): Step {
  return step({
    actor: ADMIN,
    api: describeConfigsApi,
    version,
    request: (world) => ({
      resources: [{ resourceType: GROUP_TYPE, resourceName: world.named(group), configurationKeys: names }],
      includeSynonyms: true,
      ...(version >= 3 ? { includeDocumentation: false } : {}),
    }),
  })
}

/** Groups that have something set. */
export function listGroupConfigs(): Step {
  return step({ actor: ADMIN, api: listConfigResourcesApi, version: 1, request: () => ({ resourceTypes: [GROUP_TYPE] }) })
}

async function awaitConfigs(world: World, ask: Ask, group: string, gives: AlterOptions['gives']): Promise<void> {
  if (gives === undefined) return
  const resource = { resourceType: GROUP_TYPE, resourceName: world.named(group), configurationKeys: DESCRIBED_CONFIGS }
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const { results } = await ask(describeConfigsApi, DESCRIBE_VERSION, { resources: [resource] })
    const own = (results[0]?.configs ?? []).filter(({ configSource }) => configSource === GROUP_SOURCE)
    if (own.length === Object.keys(gives).length && own.every(({ name, value }) => gives[name] === value)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`${group} does not come to have ${JSON.stringify(gives)}`)
}
