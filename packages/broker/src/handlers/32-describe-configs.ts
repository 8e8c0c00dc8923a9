/**
 * DescribeConfigs (API key 32), versions 1-4.
 *
 * The configs of topics, of groups and of this broker: what is in force, where it comes from, and on request what would apply without
 * it. An empty broker name means what was set for all brokers at once. A group does not have to be there.
 *
 * Version notes: 1 sources and synonyms; 3 types and documentation.
 * A resource that a request names twice is answered once with its configs and then with an error, so that a small request
 * cannot ask for a large answer.
 */
import {
  describeBrokerConfig,
  describeDefaultBrokerConfig,
  describeGroupConfig,
  describeTopicConfig,
  CONFIG_TYPE_CODES,
  topicNameProblem,
} from '@millrace/metadata'
import type { ConfigEntry, Outcome } from '@millrace/metadata'
import { describeConfigsApi, ERROR_CODES } from '@millrace/protocol'
import type { Decoded, describeConfigsRequest, describeConfigsResponse, Encodable, ErrorCode } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { configurableType, notConfigurable } from './config-resources.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Request = Decoded<typeof describeConfigsRequest>
type Resource = Request['resources'][number]
type ConfigBody = Encodable<typeof describeConfigsResponse>['results'][number]['configs'][number]

/** Kafka says this where there is nothing to say, and some clients have never seen null here. */
const NO_MESSAGE = ''

export function describeConfigsHandler(services: BrokerServices): Handler {
  return defineHandler(describeConfigsApi, (request) => {
    const described = new Set<string>()
    const results = request.resources.map((resource) => {
      const { resourceType, resourceName } = resource
      const key = `${resourceType} ${resourceName}`
      const entries = described.has(key)
        ? failure(ERROR_CODES.INVALID_REQUEST, 'the request names this resource more than once')
        : entriesOf(resource)
      described.add(key)
      if ('errorCode' in entries) {
        const { errorCode, errorMessage } = entries
        return { errorCode, errorMessage, resourceType, resourceName, configs: [] }
      }
      const wanted = resource.configurationKeys
      const names = wanted === null || wanted.length === 0 ? null : new Set(wanted)
      const configs = entries.filter(({ name }) => names === null || names.has(name)).map((entry) => bodyOf(entry, request))
      return { errorCode: ERROR_CODES.NONE, errorMessage: NO_MESSAGE, resourceType, resourceName, configs }
    })
    return { throttleTimeMs: 0, results }
  })

  function entriesOf({ resourceType, resourceName }: Resource): readonly ConfigEntry[] | Outcome {
    const image = services.feed.image()
    const type = configurableType(resourceType)
    if (type === null) return notConfigurable(resourceType)
    if (type === 'topic') {
      const problem = topicNameProblem(resourceName)
      if (problem !== null) return failure(ERROR_CODES.INVALID_TOPIC_EXCEPTION, problem)
      if (image.topics.get(resourceName) === undefined) {
        return failure(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${resourceName}`)
      }
      return describeTopicConfig(image.configs.topic(resourceName), services.brokerConfig())
    }
    if (type === 'group') {
      if (resourceName === '') return failure(ERROR_CODES.INVALID_REQUEST, 'a group has to be named')
      return describeGroupConfig(image.configs.group(resourceName), services.brokerConfig())
    }
    if (resourceName === '') return describeDefaultBrokerConfig(image.configs.defaultBroker())
    if (resourceName === String(services.nodeId)) return describeBrokerConfig(services.brokerConfig())
    return failure(
      ERROR_CODES.INVALID_REQUEST,
      `this is broker ${services.nodeId}, which knows no configs of broker ${JSON.stringify(resourceName)}; ask that one`,
    )
  }
}

function bodyOf(entry: ConfigEntry, request: Request): ConfigBody {
  return {
    name: entry.name,
    value: entry.isSensitive ? null : entry.value,
    readOnly: entry.isReadOnly,
    configSource: entry.source,
    isSensitive: entry.isSensitive,
    synonyms: request.includeSynonyms
      ? entry.synonyms.map(({ name, value, source }) => ({ name, value: entry.isSensitive ? null : value, source }))
      : [],
    configType: CONFIG_TYPE_CODES[entry.type],
    documentation: request.includeDocumentation ? entry.documentation : null,
  }
}

function failure(errorCode: ErrorCode, errorMessage: string): Outcome {
  return { errorCode, errorMessage }
}
