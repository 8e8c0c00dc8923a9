/** Adds partitions to existing topics. The count only grows: records stay where their key once put them. */
import type { CreatePartitionsCommand, MetadataRecord, Outcome, TopicImage, TopicOutcome } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, packBatches, PARTITIONS_PER_REQUEST_MAX, repeated, SUCCESS } from './command.ts'
import { assignmentProblem, isActiveBroker, newPartition, placeableBrokers, placementProblem } from './new-partition.ts'
import { placeReplicas } from './placement.ts'

type PartitionsWanted = CreatePartitionsCommand['topics'][number]

export function createPartitions(request: CreatePartitionsCommand, context: CommandContext): CommandResult<readonly TopicOutcome[]> {
  const { image } = context
  const twice = repeated(request.topics.map((topic) => topic.name))
  const answered = new Set<string>()
  const units: MetadataRecord[][] = []
  const response: TopicOutcome[] = []
  let partitionsLeft = PARTITIONS_PER_REQUEST_MAX
  const isActive = (brokerId: number) => isActiveBroker(image.brokers.get(brokerId))
  for (const wanted of request.topics) {
    if (answered.has(wanted.name)) continue
    answered.add(wanted.name)
    const topic = image.topics.get(wanted.name)
    if (twice.has(wanted.name)) {
      response.push({ name: wanted.name, ...failure(ERROR_CODES.INVALID_REQUEST, 'the request names this topic more than once') })
    } else if (topic === undefined) {
      response.push({ name: wanted.name, ...failure(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${wanted.name}`) })
    } else {
      const replicas = newReplicas(wanted, topic, context, partitionsLeft)
      if ('errorCode' in replicas) {
        response.push({ name: wanted.name, ...replicas })
        continue
      }
      partitionsLeft -= replicas.length
      const first = topic.partitions.length
      units.push(replicas.map((brokerIds, index) => newPartition(topic.id, first + index, brokerIds, isActive)))
      response.push({ name: wanted.name, ...SUCCESS })
    }
  }
  return { batches: request.validateOnly ? [] : packBatches(units), response }
}

/** Brokers of each new partition. */
function newReplicas(
  wanted: PartitionsWanted,
  topic: TopicImage,
  context: CommandContext,
  partitionsLeft: number,
): readonly (readonly number[])[] | Outcome {
  if (topic.isInternal) {
    const problem = `${topic.name} cannot get more partitions: groups and transactions are found by how many it has`
    return failure(ERROR_CODES.INVALID_TOPIC_EXCEPTION, problem)
  }
  const current = topic.partitions.length
  const added = wanted.count - current
  if (added < 1) {
    const problem = `topic ${topic.name} has ${current} partitions; ${wanted.count} would not be more`
    return failure(ERROR_CODES.INVALID_PARTITIONS, problem)
  }
  if (added > partitionsLeft) {
    return failure(ERROR_CODES.POLICY_VIOLATION, `one request can create at most ${PARTITIONS_PER_REQUEST_MAX} partitions; use several`)
  }
  const [first] = topic.partitions
  const replicationFactor = first === undefined ? 1 : first.replicas.length - first.addingReplicas.length
  if (wanted.assignments !== null) {
    if (wanted.assignments.length !== added) {
      const problem = `${added} partitions are to be added, but ${wanted.assignments.length} assignments are given`
      return failure(ERROR_CODES.INVALID_REPLICA_ASSIGNMENT, problem)
    }
    for (const [index, brokerIds] of wanted.assignments.entries()) {
      const problem = assignmentProblem(context.image, current + index, brokerIds, replicationFactor)
      if (problem !== null) return problem
    }
    return wanted.assignments
  }
  const problem = placementProblem(context.image, replicationFactor)
  return problem ?? placeReplicas({ ...placeableBrokers(context.image), partitionCount: added, replicationFactor, random: context.random })
}
