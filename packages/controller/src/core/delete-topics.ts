/** Deletes topics by name or by id, each on its own. */
import type { DeletedTopic, DeleteTopicsCommand, MetadataRecord, Outcome, TopicReference } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, packBatches, SUCCESS } from './command.ts'

export function deleteTopics(request: DeleteTopicsCommand, context: CommandContext): CommandResult<readonly DeletedTopic[]> {
  const isEnabled = context.config.get('delete.topic.enable')
  /** How often each topic is meant, however it is referred to. */
  const mentions = new Map<string, number>()
  for (const reference of request.topics) {
    const key = keyOf(reference, context)
    mentions.set(key, (mentions.get(key) ?? 0) + 1)
  }
  const units: MetadataRecord[][] = []
  const response = request.topics.map((reference): DeletedTopic => {
    const refuse = (outcome: Outcome): DeletedTopic => ({ ...reference, ...outcome })
    if ((reference.name === null) === (reference.topicId === null)) {
      return refuse(failure(ERROR_CODES.INVALID_REQUEST, 'a topic has to be given by name or by id, and not by both'))
    }
    if ((mentions.get(keyOf(reference, context)) ?? 0) > 1) {
      return refuse(failure(ERROR_CODES.INVALID_REQUEST, 'the request names this topic more than once'))
    }
    const topic = topicOf(reference, context)
    if (topic === undefined) {
      return reference.topicId === null
        ? refuse(failure(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${reference.name}`))
        : refuse(failure(ERROR_CODES.UNKNOWN_TOPIC_ID, `there is no topic with the id ${reference.topicId}`))
    }
    const found = { name: topic.name, topicId: topic.id }
    if (!isEnabled) {
      return {
        ...found,
        ...failure(ERROR_CODES.TOPIC_DELETION_DISABLED, 'delete.topic.enable is false, so topics cannot be deleted'),
      }
    }
    units.push([{ type: 'remove-topic', topicId: topic.id }])
    return { ...found, ...SUCCESS }
  })
  return { batches: packBatches(units), response }
}

function topicOf(reference: TopicReference, context: CommandContext) {
  const { topics } = context.image
  return reference.name !== null ? topics.get(reference.name) : reference.topicId !== null ? topics.getById(reference.topicId) : undefined
}

/** Equal for a name and an id of the same topic. */
function keyOf(reference: TopicReference, context: CommandContext): string {
  const topic = topicOf(reference, context)
  return topic === undefined ? `unknown ${reference.name} ${reference.topicId}` : `known ${topic.id}`
}
