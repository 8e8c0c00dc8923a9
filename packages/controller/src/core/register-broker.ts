/**
 * Registers a broker process. Its broker epoch is the offset of the batch that registers it, so a later registration of the same
 * id always has a greater one, and whatever the earlier process still sends is recognised as stale.
 */
import type { RegisterBrokerCommand, RegisteredBroker } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, SUCCESS } from './command.ts'

export function registerBroker(request: RegisterBrokerCommand, context: CommandContext): CommandResult<RegisteredBroker> {
  const { image, nextOffset } = context
  if (request.clusterId !== image.clusterId) {
    const problem = `broker ${request.brokerId} belongs to cluster ${request.clusterId}, this is ${image.clusterId}`
    return { batches: [], response: { ...failure(ERROR_CODES.INCONSISTENT_CLUSTER_ID, problem), brokerEpoch: -1 } }
  }
  const known = image.brokers.get(request.brokerId)
  if (known !== undefined && known.incarnationId === request.incarnationId) {
    // The same process asks again because it did not get the answer.
    return { batches: [], response: { ...SUCCESS, brokerEpoch: known.epoch } }
  }
  const { brokerId, incarnationId, listeners, rack, directoryIds, features } = request
  return {
    batches: [
      [
        {
          type: 'register-broker',
          brokerId,
          brokerEpoch: -1,
          incarnationId,
          listeners,
          rack,
          directoryIds,
          features,
          isFenced: false,
          isInControlledShutdown: false,
        },
      ],
    ],
    response: { ...SUCCESS, brokerEpoch: nextOffset },
  }
}
