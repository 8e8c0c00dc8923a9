/**
 * ListConfigResources (API key 74), versions 0-1.
 *
 * Names of the things that have configs: all topics and brokers, and groups that have some set. Version 0 asks for client metrics
 * subscriptions alone, of which there are none; 1 says which types it wants, and without any wants all.
 */
import { ERROR_CODES, listConfigResourcesApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { isKnownResourceType, RESOURCE_TYPES } from './config-resources.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

const FIRST_TYPES_VERSION = 1

export function listConfigResourcesHandler(services: BrokerServices): Handler {
  return defineHandler(listConfigResourcesApi, ({ resourceTypes }, context) => {
    if (context.apiVersion < FIRST_TYPES_VERSION) return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, configResources: [] }
    if (!resourceTypes.every(isKnownResourceType)) {
      return { throttleTimeMs: 0, errorCode: ERROR_CODES.UNSUPPORTED_VERSION, configResources: [] }
    }
    const isWanted = (type: number): boolean => resourceTypes.length === 0 || resourceTypes.includes(type)
    const image = services.feed.image()
    const configResources: { resourceName: string; resourceType: number }[] = []
    if (isWanted(RESOURCE_TYPES.group)) {
      for (const id of image.configs.resourceNames('group')) configResources.push({ resourceName: id, resourceType: RESOURCE_TYPES.group })
    }
    if (isWanted(RESOURCE_TYPES.broker)) {
      for (const { id, isFenced } of image.brokers.values()) {
        if (!isFenced) configResources.push({ resourceName: String(id), resourceType: RESOURCE_TYPES.broker })
      }
    }
    if (isWanted(RESOURCE_TYPES.topic)) {
      for (const { name } of image.topics) configResources.push({ resourceName: name, resourceType: RESOURCE_TYPES.topic })
    }
    return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, configResources }
  })
}
