/** Every API that the broker serves, by key. What is not in this list is neither advertised nor answered. */
import type { BrokerServices } from '../broker-services.ts'
import { produceHandler } from './00-produce.ts'
import { fetchHandler } from './01-fetch.ts'
import { apiVersionsHandler } from './18-api-versions.ts'
import type { Handler } from './handler.ts'

export function createHandlers(services: BrokerServices): readonly Handler[] {
  return [produceHandler(services), fetchHandler(services), apiVersionsHandler(services)]
}
