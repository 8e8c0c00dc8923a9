/** The kinds of things that have configs, as requests number them, and what is said of those that this broker does not have. */
import type { ConfigResourceType, Outcome } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'

export const RESOURCE_TYPES = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const

const CONFIGURABLE_TYPES = ['topic', 'broker', 'group'] as const satisfies readonly ConfigResourceType[]

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(RESOURCE_TYPES))

const WITHOUT_CONFIGS: ReadonlyMap<number, string> = new Map([
  [RESOURCE_TYPES.brokerLogger, 'this broker has one log level, set where it is started; loggers cannot be set one by one'],
  [RESOURCE_TYPES.clientMetrics, 'this broker takes no metrics from clients, so there are no subscriptions to them'],
])

/** Whether the protocol has this number, whatever this broker makes of it. */
export function isKnownResourceType(type: number): boolean {
  return KNOWN_TYPES.has(type)
}

/** The controller's name for the type; null where there is nothing to configure. */
export function configurableType(type: number): ConfigResourceType | null {
  return CONFIGURABLE_TYPES.find((name) => RESOURCE_TYPES[name] === type) ?? null
}

/** Why resources of this type have no configs here. */
export function notConfigurable(type: number): Outcome {
  const errorMessage = WITHOUT_CONFIGS.get(type) ?? `there is no resource type ${type}`
  return { errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage }
}
