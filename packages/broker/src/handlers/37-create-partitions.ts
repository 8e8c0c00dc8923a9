/**
 * CreatePartitions (API key 37), versions 0-3.
 *
 * Carries the wish to the controller: more partitions for topics that exist, never fewer.
 */
import type { TopicOutcome } from '@millrace/metadata'
import { createPartitionsApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askController } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function createPartitionsHandler(services: BrokerServices): Handler {
  return defineHandler(createPartitionsApi, async (request) => {
    const topics = request.topics.map(({ name, count, assignments }) => ({
      name,
      count,
      assignments: assignments === null ? null : assignments.map(({ brokerIds }) => brokerIds),
    }))
    const results = await askController(
      services,
      topics,
      () => services.controller.createPartitions({ topics, validateOnly: request.validateOnly }),
      ({ name }, outcome): TopicOutcome => ({ name, ...outcome }),
    )
    return { throttleTimeMs: 0, results: results.map(({ name, errorCode, errorMessage }) => ({ name, errorCode, errorMessage })) }
  })
}
