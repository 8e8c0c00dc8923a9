/** Every API that the broker serves, by key. What is not in this list is neither advertised nor answered. */
import type { BrokerServices } from '../broker-services.ts'
import { produceHandler } from './00-produce.ts'
import { fetchHandler } from './01-fetch.ts'
import { metadataHandler } from './03-metadata.ts'
import { apiVersionsHandler } from './18-api-versions.ts'
import { describeClusterHandler } from './60-describe-cluster.ts'
import { describeTopicPartitionsHandler } from './75-describe-topic-partitions.ts'
import type { Handler } from './handler.ts'

const FACTORIES: readonly ((services: BrokerServices) => Handler)[] = [
  produceHandler,
  fetchHandler,
  metadataHandler,
  apiVersionsHandler,
  describeClusterHandler,
  describeTopicPartitionsHandler,
]

export function createHandlers(services: BrokerServices): readonly Handler[] {
  return FACTORIES.map((create) => create(services))
}
