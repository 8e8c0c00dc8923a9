/**
 * IncrementalAlterConfigs (API key 44), versions 0-1.
 *
 * Changes the named configs of a topic, broker or group and leaves the others (KIP-339). Each resource is changed whole or not at all.
 */
import type { ConfigChange, ConfigOperation, Outcome } from '@millrace/metadata'
import { ERROR_CODES, incrementalAlterConfigsApi } from '@millrace/protocol'
import type { Decoded, incrementalAlterConfigsRequest } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { alterConfigResources } from './alter-config-resources.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type Resource = Decoded<typeof incrementalAlterConfigsRequest>['resources'][number]

/** By the number that stands for them in a request. */
const OPERATIONS: readonly ConfigOperation[] = ['set', 'delete', 'append', 'subtract']

export function incrementalAlterConfigsHandler(services: BrokerServices): Handler {
  return defineHandler(incrementalAlterConfigsApi, async ({ resources, validateOnly }) => {
    const responses = await alterConfigResources(services, resources, changesOf, (alterable) =>
      services.controller.incrementalAlterConfigs({ resources: alterable, validateOnly }),
    )
    return { throttleTimeMs: 0, responses }
  })
}

function changesOf(resource: Resource): ConfigChange[] | Outcome {
  const changes: ConfigChange[] = []
  for (const { name, configOperation, value } of resource.configs) {
    const operation = OPERATIONS[configOperation]
    if (operation === undefined) {
      return { errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage: `there is no config operation ${configOperation}` }
    }
    changes.push({ name, operation, value })
  }
  return changes
}
