/**
 * Elects leaders because an operator asks: the preferred ones, or anybody at all for partitions that have none. With no
 * partitions named, all are meant, and those that need no election are not mentioned.
 */
import type {
  ElectLeadersCommand,
  MetadataRecord,
  Outcome,
  PartitionImage,
  PartitionOutcome,
  PartitionsOutcome,
  TopicImage,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, packBatches, SUCCESS } from './command.ts'
import { isActiveBroker } from './new-partition.ts'
import { type ChangedPartition, changePartition } from './partition/change-partition.ts'
import { topicRules } from './partition/topic-rules.ts'

export function electLeaders(request: ElectLeadersCommand, context: CommandContext): CommandResult<PartitionsOutcome> {
  const units: MetadataRecord[][] = []
  const partitions: PartitionOutcome[] = []
  const elect = (topic: TopicImage, partition: number): Outcome => {
    const { outcome, changed } = electLeader(topic, partition, request.type, context)
    if (changed !== null) units.push([changed.record])
    return outcome
  }
  if (request.partitions === null) {
    for (const topic of [...context.image.topics].sort((left, right) => (left.name < right.name ? -1 : 1))) {
      for (const partition of topic.partitions.keys()) {
        const outcome = elect(topic, partition)
        if (outcome.errorCode !== ERROR_CODES.ELECTION_NOT_NEEDED) partitions.push({ topic: topic.name, partition, ...outcome })
      }
    }
  } else {
    const seen = new Set<string>()
    for (const { topic: name, partition } of request.partitions) {
      const key = `${name}-${partition}`
      if (seen.has(key)) continue
      seen.add(key)
      const topic = context.image.topics.get(name)
      const isKnown = topic?.partitions[partition] !== undefined
      const outcome = isKnown
        ? elect(topic, partition)
        : failure(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no partition ${partition} of a topic ${name}`)
      partitions.push({ topic: name, partition, ...outcome })
    }
  }
  return { batches: packBatches(units), response: { ...SUCCESS, partitions } }
}

interface Election {
  readonly outcome: Outcome
  readonly changed: ChangedPartition | null
}

export function electLeader(topic: TopicImage, index: number, type: ElectLeadersCommand['type'], context: CommandContext): Election {
  const before = topic.partitions[index] as PartitionImage
  const where = `partition ${index} of ${topic.name}`
  const refuse = (outcome: Outcome): Election => ({ outcome, changed: null })
  if (type === 'preferred' && before.leader === before.replicas[0]) {
    return refuse(failure(ERROR_CODES.ELECTION_NOT_NEEDED, `${where} has its preferred leader`))
  }
  if (type === 'unclean' && before.leader !== -1) {
    return refuse(failure(ERROR_CODES.ELECTION_NOT_NEEDED, `${where} has a leader`))
  }
  const changed = changePartition({
    topicId: topic.id,
    partition: index,
    before,
    rules: topicRules(context.image.configs.topic(topic.name), context.config),
    mayLead: (id) => isActiveBroker(context.image.brokers.get(id)) && !context.sessions.hasFailed(id, topic.id, index),
    election: type,
  })
  const isElected = type === 'preferred' ? changed?.choice.by === 'preference' : changed !== null && changed.choice.leader !== -1
  if (isElected) return { outcome: SUCCESS, changed }
  return refuse(
    type === 'preferred'
      ? failure(ERROR_CODES.PREFERRED_LEADER_NOT_AVAILABLE, `broker ${before.replicas[0]}, which should lead ${where}, cannot`)
      : failure(ERROR_CODES.ELIGIBLE_LEADERS_NOT_AVAILABLE, `no replica of ${where} can lead; start one of ${before.replicas.join(', ')}`),
  )
}
