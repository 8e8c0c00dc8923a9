/** Reads the configs of topics, groups and brokers. A broker's own are known to that broker alone, so it is asked itself. */
import { describeConfigsApi, ERROR_CODES } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { connectionToBroker } from './brokers.ts'
import { type ConfigResource, type ConfigSource, configSource, resourceLabel, resourceToWire } from './config-resource.ts'
import { isPassing, settleEach, unanswered } from './settle-each.ts'

export interface DescribeConfigsOptions {
  /** All when absent. */
  readonly names?: readonly string[]
  readonly includeDocumentation?: boolean
}

export interface DescribedConfig {
  readonly name: string
  /** Null for a config without a value, and for one that is secret. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  /** Null unless asked for. */
  readonly documentation: string | null
}

/** The configs of each resource, in the order of the resources; within one by name. */
export function describeConfigs(
  cluster: Cluster,
  resources: readonly ConfigResource[],
  options: DescribeConfigsOptions,
): Promise<DescribedConfig[][]> {
  return settleEach(cluster, resources, {
    mayRepeat: (error) => isPassing(error) && error.kafkaErrorCode !== ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION,
    exchange: async (open) => Promise.all(open.map((resource) => describe(cluster, resource, options))),
  })
}

async function describe(cluster: Cluster, resource: ConfigResource, options: DescribeConfigsOptions) {
  const { resourceType, resourceName } = resourceToWire(resource)
  const connection = await (resource.type === 'broker' ? connectionToBroker(cluster, resource.nodeId) : cluster.anyConnection())
  const answer = await connection.request(describeConfigsApi, {
    resources: [{ resourceType, resourceName, configurationKeys: options.names ?? null }],
    includeDocumentation: options.includeDocumentation ?? false,
  })
  const [entry] = answer.results
  if (entry === undefined) return unanswered(resourceLabel(resource))
  if (entry.errorCode !== ERROR_CODES.NONE) {
    const topic = resource.type === 'topic' ? { topic: resource.name } : {}
    return brokerError(entry.errorCode, { ...topic, address: connection.address }, messageFor(entry, resource))
  }
  const configs = entry.configs.map(
    ({ name, value, configSource: source, readOnly, isSensitive, documentation }): DescribedConfig => ({
      name,
      value,
      source: configSource(source),
      isReadOnly: readOnly,
      isSensitive,
      documentation,
    }),
  )
  return configs.sort((left, right) => (left.name < right.name ? -1 : 1))
}

function messageFor(entry: { readonly errorCode: number; readonly errorMessage: string | null }, resource: ConfigResource): string | null {
  if (entry.errorCode === ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION) return `${resourceLabel(resource)} does not exist`
  return entry.errorMessage
}
