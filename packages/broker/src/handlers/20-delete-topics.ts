/**
 * DeleteTopics (API key 20), versions 1-6.
 *
 * Carries the wish to the controller. A deleted topic's records are gone with it.
 *
 * Version notes: 3 has an error code of its own for a broker that is configured to delete no topics; 5 error messages; 6 topics
 * by name or by id.
 */
import type { DeletedTopic, TopicReference } from '@millrace/metadata'
import { deleteTopicsApi, ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import type { Decoded, deleteTopicsRequest } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askController } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

const FIRST_DELETION_DISABLED_VERSION = 3
const FIRST_TOPIC_ID_VERSION = 6

export function deleteTopicsHandler(services: BrokerServices): Handler {
  return defineHandler(deleteTopicsApi, async (request, context) => {
    const { apiVersion } = context
    const topics = referencesOf(request, apiVersion)
    const outcomes = await askController(
      services,
      topics,
      () => services.controller.deleteTopics({ topics }),
      (topic, outcome): DeletedTopic => ({ ...topic, ...outcome }),
    )
    return {
      throttleTimeMs: 0,
      responses: outcomes.map(({ name, topicId, errorCode, errorMessage }) => ({
        name,
        topicId: topicId ?? ZERO_UUID,
        errorCode:
          errorCode === ERROR_CODES.TOPIC_DELETION_DISABLED && apiVersion < FIRST_DELETION_DISABLED_VERSION
            ? ERROR_CODES.INVALID_REQUEST
            : errorCode,
        errorMessage,
      })),
    }
  })
}

function referencesOf(request: Decoded<typeof deleteTopicsRequest>, version: number): TopicReference[] {
  if (version < FIRST_TOPIC_ID_VERSION) return request.topicNames.map((name) => ({ name, topicId: null }))
  return request.topics.map(({ name, topicId }) => ({ name, topicId: topicId === ZERO_UUID ? null : topicId }))
}
