/**
 * Moves partitions to other brokers. The new replicas come beside the old ones and, when all that shall keep the partition are
 * in sync, the old ones leave (see `change-partition.ts`). Null takes a reassignment back. A partition that is being moved can
 * be sent somewhere else: what the first move was adding and nobody wants any more leaves at once.
 */
import type {
  AlterPartitionReassignmentsCommand,
  MetadataRecord,
  Outcome,
  PartitionImage,
  PartitionOutcome,
  PartitionsOutcome,
  ReassignablePartition,
  TopicImage,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, packBatches, repeated, SUCCESS } from './command.ts'
import { isActiveBroker } from './new-partition.ts'
import { type ChangedPartition, changePartition } from './partition/change-partition.ts'
import { topicRules } from './partition/topic-rules.ts'

export function alterPartitionReassignments(
  request: AlterPartitionReassignmentsCommand,
  context: CommandContext,
): CommandResult<PartitionsOutcome> {
  const twice = repeated(request.partitions.map(keyOf))
  const units: MetadataRecord[][] = []
  const partitions = request.partitions.map((wanted): PartitionOutcome => {
    const { topic: name, partition } = wanted
    const answer = (outcome: Outcome): PartitionOutcome => ({ topic: name, partition, ...outcome })
    if (twice.has(keyOf(wanted))) return answer(failure(ERROR_CODES.INVALID_REQUEST, 'the request names this partition more than once'))
    const topic = context.image.topics.get(name)
    const before = topic?.partitions[partition]
    if (topic === undefined || before === undefined) {
      return answer(failure(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, `there is no partition ${partition} of a topic ${name}`))
    }
    const target =
      wanted.replicas === null ? withdrawn(before) : reassigned(before, wanted.replicas, request.allowReplicationFactorChange, context)
    if ('errorCode' in target) return answer(target)
    const changed = change(topic, wanted, before, target, context)
    if (changed !== null && 'errorCode' in changed) return answer(changed)
    if (changed !== null) units.push([changed.record])
    return answer(SUCCESS)
  })
  return { batches: packBatches(units), response: { ...SUCCESS, partitions } }
}

interface Target {
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

/** The partition as it was before the reassignment that is going on. */
function withdrawn(before: PartitionImage): Target | Outcome {
  if (before.addingReplicas.length === 0 && before.removingReplicas.length === 0) {
    return failure(ERROR_CODES.NO_REASSIGNMENT_IN_PROGRESS, 'no reassignment is going on that could be taken back')
  }
  return { replicas: before.replicas.filter((id) => !before.addingReplicas.includes(id)), addingReplicas: [], removingReplicas: [] }
}

function reassigned(
  before: PartitionImage,
  wanted: readonly number[],
  allowReplicationFactorChange: boolean,
  context: CommandContext,
): Target | Outcome {
  const original = before.replicas.filter((id) => !before.addingReplicas.includes(id))
  const refuse = (problem: string): Outcome => failure(ERROR_CODES.INVALID_REPLICA_ASSIGNMENT, problem)
  if (wanted.length === 0) return refuse('the assignment names no broker')
  if (new Set(wanted).size !== wanted.length) return refuse('the assignment names a broker twice')
  const unknown = wanted.find((id) => !context.image.brokers.has(id))
  if (unknown !== undefined) return refuse(`there is no broker ${unknown}`)
  if (!allowReplicationFactorChange && wanted.length !== original.length) {
    const problem = `the partition has ${original.length} replicas and would have ${wanted.length}, which the request does not allow`
    return failure(ERROR_CODES.INVALID_REPLICATION_FACTOR, problem)
  }
  const removingReplicas = original.filter((id) => !wanted.includes(id))
  return {
    replicas: [...wanted, ...removingReplicas],
    addingReplicas: wanted.filter((id) => !original.includes(id)),
    removingReplicas,
  }
}

function change(
  topic: TopicImage,
  wanted: ReassignablePartition,
  before: PartitionImage,
  target: Target,
  context: CommandContext,
): ChangedPartition | Outcome | null {
  const { partition } = wanted
  const isSafe = [...before.isr, ...before.elr].some((id) => target.replicas.includes(id))
  if (!isSafe && (before.isr.length > 0 || before.elr.length > 0)) {
    const problem = 'only brokers that would leave the partition have all of its records; wait until others are in sync'
    return failure(ERROR_CODES.INVALID_REPLICA_ASSIGNMENT, problem)
  }
  return changePartition({
    topicId: topic.id,
    partition,
    before,
    rules: topicRules(context.image.configs.topic(topic.name), context.config),
    mayLead: (id) => isActiveBroker(context.image.brokers.get(id)) && !context.sessions.hasFailed(id, topic.id, partition),
    ...target,
  })
}

function keyOf({ topic, partition }: ReassignablePartition): string {
  return `${topic}-${partition}`
}
