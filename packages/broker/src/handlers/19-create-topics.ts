/**
 * CreateTopics (API key 19), versions 2-7.
 *
 * Carries the wish to the controller, which decides; each topic succeeds or fails on its own. When the answer leaves, a topic
 * that was created can be used through this broker.
 *
 * Version notes: 4 lets partition count and replication factor be -1, for the broker's defaults (older versions are treated no
 * worse); 5 tells the configs that are in force; 7 tells the topic's id.
 * The request's timeout is not looked at: the controller answers at once or not at all.
 */
import type { CreatedTopic } from '@millrace/metadata'
import { createTopicsApi, ZERO_UUID } from '@millrace/protocol'
import type { createTopicsResponse, Encodable } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askController } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

type TopicBody = Encodable<typeof createTopicsResponse>['topics'][number]

export function createTopicsHandler(services: BrokerServices): Handler {
  return defineHandler(createTopicsApi, async (request) => {
    const topics = request.topics.map((topic) => ({
      name: topic.name,
      partitionCount: topic.numPartitions,
      replicationFactor: topic.replicationFactor,
      assignments: topic.assignments.map(({ partitionIndex, brokerIds }) => ({ partition: partitionIndex, brokerIds })),
      configs: topic.configs,
    }))
    const outcomes = await askController(
      services,
      topics,
      () => services.controller.createTopics({ topics, validateOnly: request.validateOnly }),
      ({ name }, outcome): CreatedTopic => ({
        name,
        ...outcome,
        topicId: null,
        partitionCount: -1,
        replicationFactor: -1,
        configs: null,
      }),
    )
    return { throttleTimeMs: 0, topics: outcomes.map(bodyOf) }
  })
}

function bodyOf(created: CreatedTopic): TopicBody {
  return {
    name: created.name,
    topicId: created.topicId ?? ZERO_UUID,
    errorCode: created.errorCode,
    errorMessage: created.errorMessage,
    numPartitions: created.partitionCount,
    replicationFactor: created.replicationFactor,
    configs: (created.configs ?? []).map(({ name, value, isReadOnly, source, isSensitive }) => ({
      name,
      value: isSensitive ? null : value,
      readOnly: isReadOnly,
      configSource: source,
      isSensitive,
    })),
  }
}
