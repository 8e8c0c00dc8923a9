/**
 * AlterConfigs (API key 33), versions 0-2.
 *
 * Replaces everything that was set for a topic, broker or group: what a request leaves out falls back to its default. Tools prefer
 * IncrementalAlterConfigs, because two of them at once undo each other's work here.
 */
import { alterConfigsApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { alterConfigResources } from './alter-config-resources.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function alterConfigsHandler(services: BrokerServices): Handler {
  return defineHandler(alterConfigsApi, async ({ resources, validateOnly }) => {
    const responses = await alterConfigResources(
      services,
      resources,
      (resource) => resource.configs,
      (alterable) => services.controller.alterConfigs({ resources: alterable, validateOnly }),
    )
    return { throttleTimeMs: 0, responses }
  })
}
