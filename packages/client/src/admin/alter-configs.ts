/** Changes single configs of topics and brokers and leaves the others as they are. */
import { ERROR_CODES, incrementalAlterConfigsApi } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { type ConfigResource, resourceLabel, resourceToWire } from './config-resource.ts'
import { askController } from './controller.ts'
import type { ChangeOptions } from './create-topics.ts'
import { isPassing, settleEach, unanswered, wasNotCarriedOut } from './settle-each.ts'

export interface ConfigChange {
  readonly name: string
  /** `append` and `subtract` change a config that is a list. `delete` goes back to the default. */
  readonly operation: 'set' | 'delete' | 'append' | 'subtract'
  /** Not for `delete`. */
  readonly value?: string | number | boolean
}

export interface ConfigAlteration {
  readonly resource: ConfigResource
  readonly changes: readonly ConfigChange[]
}

const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export async function incrementalAlterConfigs(
  cluster: Cluster,
  alterations: readonly ConfigAlteration[],
  options: ChangeOptions,
): Promise<void> {
  // Setting twice is as good as once; appending is not.
  const isIdempotent = alterations.every(({ changes }) => changes.every(({ operation }) => operation === 'set' || operation === 'delete'))
  await settleEach(cluster, alterations, {
    mayRepeat: (error) => {
      if (error.kafkaErrorCode === ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION) return false
      return isIdempotent || options.validateOnly ? isPassing(error) : wasNotCarriedOut(error)
    },
    exchange: async (open, attempt) => {
      const body = { resources: open.map(toWire), validateOnly: options.validateOnly ?? false }
      const answer = await askController(cluster, attempt, incrementalAlterConfigsApi, body)
      const byResource = new Map(answer.responses.map((entry) => [`${entry.resourceType} ${entry.resourceName}`, entry]))
      return open.map(({ resource }) => {
        const { resourceType, resourceName } = resourceToWire(resource)
        const entry = byResource.get(`${resourceType} ${resourceName}`)
        if (entry === undefined) return unanswered(resourceLabel(resource))
        if (entry.errorCode === ERROR_CODES.NONE) return null
        const isMissing = entry.errorCode === ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
        const message = isMissing ? `${resourceLabel(resource)} does not exist` : entry.errorMessage
        return brokerError(entry.errorCode, resource.type === 'topic' ? { topic: resource.name } : {}, message)
      })
    },
  })
}

function toWire({ resource, changes }: ConfigAlteration) {
  const configs = changes.map(({ name, operation, value }) => ({
    name,
    configOperation: OPERATIONS[operation],
    value: value === undefined ? null : String(value),
  }))
  return { ...resourceToWire(resource), configs }
}
