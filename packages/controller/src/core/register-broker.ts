/**
 * Registers a broker process. Its broker epoch is the offset of the batch that registers it, so a later registration of the same
 * id always has a greater one, and whatever the earlier process still sends is recognised as stale.
 *
 * A registered broker is fenced until its first heartbeat that shows it to know of its own registration. What the process
 * before it left behind is settled in the same step: it leads nothing, is in no ISR, and where it may have lost what it had
 * acknowledged it is not eligible either. It may have, in every topic when its directory is a new one, and in topics that
 * acknowledge from memory when it did not stop in good order.
 */
import { type BrokerImage, type MetadataRecord, type Outcome, type RegisterBrokerCommand, type RegisteredBroker } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, SUCCESS } from './command.ts'
import { isActiveBroker } from './new-partition.ts'
import { sweepPartitions, withoutBroker } from './partition/sweep.ts'

export function registerBroker(request: RegisterBrokerCommand, context: CommandContext): CommandResult<RegisteredBroker> {
  const { image, nextOffset } = context
  const known = image.brokers.get(request.brokerId)
  if (known !== undefined && known.incarnationId === request.incarnationId && request.clusterId === image.clusterId) {
    // The same process asks again because it did not get the answer.
    return { batches: [], response: { ...SUCCESS, brokerEpoch: known.epoch } }
  }
  const problem = registrationProblem(request, context)
  if (problem !== null) return { batches: [], response: { ...problem, brokerEpoch: -1 } }

  const settled = known === undefined ? { records: [], isComplete: true } : settleEarlierLife(known, request, context)
  if (!settled.isComplete) return { batches: [settled.records], response: { ...SUCCESS, brokerEpoch: -1 }, isPartial: true }
  const { brokerId, incarnationId, listeners, rack, directoryIds, features } = request
  const registration: MetadataRecord = {
    type: 'register-broker',
    brokerId,
    brokerEpoch: -1,
    incarnationId,
    listeners,
    rack,
    directoryIds,
    features,
    isFenced: true,
    isInControlledShutdown: false,
  }
  return { batches: [[...settled.records, registration]], response: { ...SUCCESS, brokerEpoch: nextOffset } }
}

function registrationProblem(request: RegisterBrokerCommand, context: CommandContext): Outcome | null {
  const { image, sessions } = context
  const { brokerId } = request
  if (request.clusterId !== image.clusterId) {
    const problem = `broker ${brokerId} belongs to cluster ${request.clusterId}, this is ${image.clusterId}`
    return failure(ERROR_CODES.INCONSISTENT_CLUSTER_ID, problem)
  }
  const known = image.brokers.get(brokerId)
  if (known !== undefined && !known.isInControlledShutdown && sessions.isLive(brokerId, known.epoch)) {
    const problem = `another process is registered as broker ${brokerId} and alive; stop it, or give this one another node.id`
    return failure(ERROR_CODES.DUPLICATE_BROKER_REGISTRATION, problem)
  }
  for (const other of image.brokers.values()) {
    const shared = other.id === brokerId ? undefined : request.directoryIds.find((id) => other.directoryIds.includes(id))
    if (shared === undefined) continue
    const problem = `the directory ${shared} of broker ${brokerId} is that of broker ${other.id}; a copied directory cannot be used twice`
    return failure(ERROR_CODES.INVALID_REGISTRATION, problem)
  }
  for (const [name, level] of image.features) {
    const range = request.features.find((feature) => feature.name === name)
    if (range !== undefined && range.minLevel <= level && level <= range.maxLevel) continue
    const problem = `feature ${name} has level ${level} in this cluster, which broker ${brokerId} does not support`
    return failure(ERROR_CODES.UNSUPPORTED_VERSION, problem)
  }
  return null
}

function settleEarlierLife(known: BrokerImage, request: RegisterBrokerCommand, context: CommandContext) {
  const stoppedCleanly = request.previousBrokerEpoch === known.epoch
  const lostDirectory = known.directoryIds.some((id) => !request.directoryIds.includes(id))
  const visit = withoutBroker(known.id, { failed: lostDirectory, lost: (topic) => !stoppedCleanly && topic.rules.isLostByCrash })
  const isActive = (brokerId: number): boolean => brokerId !== known.id && isActiveBroker(context.image.brokers.get(brokerId))
  return sweepPartitions(context, visit, { isActive })
}
