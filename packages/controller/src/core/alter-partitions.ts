/**
 * Changes the ISR of partitions as their leaders ask. A leader acts on what it last heard, which may be old, so it says which
 * state it means and in which life each member was; the order of the checks is the order in which they explain themselves:
 *
 * 1. the sender is the broker that it says it is (of the request as a whole), and there is such a partition;
 * 2. epochs above ours: the sender knows of a newer controller, this one has been deposed;
 * 3. a lower leader epoch: it led once; then, that it leads now;
 * 4. nothing would change: it is asking again because the answer was lost;
 * 5. a lower partition epoch: the state that it means is gone;
 * 6. the ISR that it wants makes sense;
 * 7. every member is in the cluster, in the life in which it caught up (a broker whose disk was emptied meanwhile is not).
 */
import type {
  AlterablePartition,
  AlteredPartition,
  AlterPartitionsCommand,
  AlterPartitionsOutcome,
  MetadataRecord,
  PartitionImage,
} from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { checkBroker } from './check-broker.ts'
import { type CommandContext, type CommandResult, packBatches, SUCCESS } from './command.ts'
import { isActiveBroker } from './new-partition.ts'
import { changePartition, isSameSet } from './partition/change-partition.ts'
import { topicRules } from './partition/topic-rules.ts'

const NO_STATE = { leader: -1, leaderEpoch: -1, partitionEpoch: -1, isr: [], recoveryState: 'recovered' } as const

export function alterPartitions(request: AlterPartitionsCommand, context: CommandContext): CommandResult<AlterPartitionsOutcome> {
  const broker = checkBroker(context.image, request.brokerId, request.brokerEpoch)
  if ('errorCode' in broker) return { batches: [], response: { ...broker, partitions: [] } }
  const units: MetadataRecord[][] = []
  const seen = new Set<string>()
  const partitions = request.partitions.map((wanted): AlteredPartition => {
    const { topicId, partition } = wanted
    const key = `${topicId} ${partition}`
    const topic = context.image.topics.getById(topicId)
    const before = topic?.partitions[partition]
    const refuse = (errorCode: ErrorCode): AlteredPartition => ({ topicId, partition, errorCode, ...stateOf(before) })
    if (topic === undefined) return refuse(ERROR_CODES.UNKNOWN_TOPIC_ID)
    if (before === undefined) return refuse(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION)
    if (seen.has(key)) return refuse(ERROR_CODES.INVALID_REQUEST)
    seen.add(key)
    if (isRepeated(wanted, before, broker.id)) return refuse(ERROR_CODES.NONE)
    const problem = alterationProblem(wanted, before, broker.id, context)
    if (problem !== null) return refuse(problem)
    const changed = changePartition({
      topicId,
      partition,
      before,
      rules: topicRules(context.image.configs.topic(topic.name), context.config),
      mayLead: (id) => isActiveBroker(context.image.brokers.get(id)) && !context.sessions.hasFailed(id, topicId, partition),
      isr: wanted.newIsr.map(({ brokerId }) => brokerId),
      recoveryState: wanted.recoveryState,
    })
    if (changed === null) return refuse(ERROR_CODES.NONE)
    units.push([changed.record])
    const { record } = changed
    const leader = record.leader ?? before.leader
    return {
      topicId,
      partition,
      // With the ISR a reassignment may have come to its end, and with it the sender's leadership.
      errorCode: leader === broker.id ? ERROR_CODES.NONE : ERROR_CODES.NEW_LEADER_ELECTED,
      leader,
      leaderEpoch: record.leader === undefined ? before.leaderEpoch : before.leaderEpoch + 1,
      partitionEpoch: before.partitionEpoch + 1,
      isr: record.isr ?? before.isr,
      recoveryState: record.recoveryState ?? before.recoveryState,
    }
  })
  return { batches: packBatches(units), response: { ...SUCCESS, partitions } }
}

function isRepeated(wanted: AlterablePartition, before: PartitionImage, senderId: number): boolean {
  return (
    wanted.leaderEpoch === before.leaderEpoch &&
    before.leader === senderId &&
    wanted.partitionEpoch <= before.partitionEpoch &&
    wanted.recoveryState === before.recoveryState &&
    isSameSet(
      wanted.newIsr.map(({ brokerId }) => brokerId),
      before.isr,
    )
  )
}

function alterationProblem(
  wanted: AlterablePartition,
  before: PartitionImage,
  senderId: number,
  context: CommandContext,
): ErrorCode | null {
  const { newIsr } = wanted
  if (wanted.leaderEpoch > before.leaderEpoch || wanted.partitionEpoch > before.partitionEpoch) return ERROR_CODES.NOT_CONTROLLER
  if (wanted.leaderEpoch < before.leaderEpoch) return ERROR_CODES.FENCED_LEADER_EPOCH
  if (before.leader !== senderId) return ERROR_CODES.INVALID_REQUEST
  if (wanted.partitionEpoch < before.partitionEpoch) return ERROR_CODES.INVALID_UPDATE_VERSION
  const ids = new Set(newIsr.map(({ brokerId }) => brokerId))
  const isWithin = newIsr.every(({ brokerId }) => before.replicas.includes(brokerId))
  if (!isWithin || ids.size !== newIsr.length || !ids.has(senderId)) return ERROR_CODES.INVALID_REQUEST
  if (wanted.recoveryState === 'recovering' && (ids.size > 1 || before.recoveryState === 'recovered')) return ERROR_CODES.INVALID_REQUEST
  const isEligible = newIsr.every(({ brokerId, brokerEpoch }) => {
    const member = context.image.brokers.get(brokerId)
    const hasFailed = context.sessions.hasFailed(brokerId, wanted.topicId, wanted.partition)
    return isActiveBroker(member) && member?.epoch === brokerEpoch && !hasFailed
  })
  return isEligible ? null : ERROR_CODES.INELIGIBLE_REPLICA
}

function stateOf(before: PartitionImage | undefined): Omit<AlteredPartition, 'topicId' | 'partition' | 'errorCode'> {
  if (before === undefined) return NO_STATE
  const { leader, leaderEpoch, partitionEpoch, isr, recoveryState } = before
  return { leader, leaderEpoch, partitionEpoch, isr, recoveryState }
}
