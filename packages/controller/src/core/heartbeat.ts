/**
 * A broker says that it is there and what it wants, and hears what the cluster holds of it.
 *
 * | the broker is | and says                        | then                                                       |
 * | ------------- | ------------------------------- | ---------------------------------------------------------- |
 * | fenced        | it stops                        | it may: there is nothing to move                           |
 * | fenced        | it wants the fence, has no disk | stays fenced                                               |
 * | fenced        | it knows its own registration   | is unfenced; partitions that waited for it get a leader    |
 * | active        | it wants the fence, has no disk | is fenced                                                  |
 * | active        | it stops                        | its leaderships move, it leaves every ISR: it is stopping  |
 * | stopping      | anything                        | may stop once every active broker knows all that           |
 *
 * Most heartbeats change nothing, and then there is no record.
 */
import type { BrokerHeartbeatCommand, BrokerHeartbeatOutcome, BrokerImage, MetadataRecord, TopicImage } from '@millrace/metadata'
import { checkBroker } from './check-broker.ts'
import { type CommandContext, type CommandResult, SUCCESS } from './command.ts'
import { deactivate } from './fence-broker.ts'
import { isActiveBroker } from './new-partition.ts'
import { settle, sweepPartitions, withoutBroker } from './partition/sweep.ts'
import { settlePartitions } from './settle-partitions.ts'

type Result = CommandResult<BrokerHeartbeatOutcome>

export function heartbeat(request: BrokerHeartbeatCommand, context: CommandContext): Result {
  const broker = checkBroker(context.image, request.brokerId, request.brokerEpoch)
  if ('errorCode' in broker) {
    return { batches: [], response: { ...broker, isFenced: true, isCaughtUp: false, shouldShutdown: false } }
  }
  const failed = withoutFailed(request, context)
  if (failed.length > 0) return answer(broker, request, context, { batches: [failed], isPartial: true })
  const wantsFence = request.wantFence || request.isDirectoryOffline
  if (broker.isFenced) {
    const mayServe = !wantsFence && !request.wantShutdown && request.metadataOffset >= broker.epoch
    return mayServe ? unfence(broker, request, context) : answer(broker, request, context, { batches: [] })
  }
  if (wantsFence) {
    const fenced = deactivate(broker, { isFenced: true }, context)
    return answer({ ...broker, isFenced: true }, request, context, fenced)
  }
  if (request.wantShutdown && !broker.isInControlledShutdown) {
    const stopping = deactivate(broker, { isInControlledShutdown: true }, context)
    return answer({ ...broker, isInControlledShutdown: true }, request, context, stopping)
  }
  return context.step > 0 ? settleRest(broker, request, context) : answer(broker, request, context, { batches: [] })
}

function answer(
  broker: BrokerImage,
  request: BrokerHeartbeatCommand,
  context: CommandContext,
  { batches, isPartial = false }: Pick<Result, 'batches' | 'isPartial'>,
): Result {
  const response = {
    ...SUCCESS,
    isFenced: broker.isFenced,
    isCaughtUp: request.metadataOffset >= broker.epoch,
    shouldShutdown: batches.length === 0 && request.wantShutdown && mayStop(broker, context),
  }
  return { batches, response, isPartial }
}

/** Nobody still thinks that it leads anything: neither the metadata nor any broker that clients may ask. */
function mayStop(broker: BrokerImage, context: CommandContext): boolean {
  if (broker.isFenced) return true
  if (!broker.isInControlledShutdown) return false
  const shutdownOffset = context.sessions.shutdownOffset(broker.id)
  for (const other of context.image.brokers.values()) {
    if (isActiveBroker(other) && context.sessions.metadataOffset(other.id) < shutdownOffset) return false
  }
  return Number.isFinite(shutdownOffset)
}

/** The record first: a partition must not be given to a broker that is still fenced. */
function unfence(broker: BrokerImage, request: BrokerHeartbeatCommand, context: CommandContext): Result {
  const isActive = (brokerId: number): boolean => brokerId === broker.id || isActiveBroker(context.image.brokers.get(brokerId))
  const { records, isComplete } = sweepPartitions(context, settle(isActive), { isActive })
  const record = { type: 'broker-registration-change', brokerId: broker.id, brokerEpoch: broker.epoch, isFenced: false } as const
  return answer({ ...broker, isFenced: false }, request, context, { batches: [[record, ...records]], isPartial: !isComplete })
}

/** More partitions waited for the broker than the batch that unfenced it could hold. */
function settleRest(broker: BrokerImage, request: BrokerHeartbeatCommand, context: CommandContext): Result {
  const { batches, isPartial = false } = settlePartitions(null, context)
  return answer(broker, request, context, { batches, isPartial })
}

/** Logs that the broker cannot open count for nothing until they have been filled from a leader. */
function withoutFailed(request: BrokerHeartbeatCommand, context: CommandContext): readonly MetadataRecord[] {
  const failed = new Map<TopicImage, Set<number>>()
  for (const { topicId, partition } of request.failedPartitions) {
    const topic = context.image.topics.getById(topicId)
    if (topic === undefined) continue
    const partitions = failed.get(topic) ?? new Set()
    failed.set(topic, partitions.add(partition))
  }
  if (failed.size === 0) return []
  const visit = withoutBroker(request.brokerId, { failed: true })
  const { records } = sweepPartitions(
    context,
    (partition, topic, index) => {
      const isFailed = failed.get(context.image.topics.getById(topic.id) as TopicImage)?.has(index) === true
      return isFailed ? visit(partition, topic, index) : null
    },
    { topics: failed.keys() },
  )
  return records
}
