/** Gives a broker a block of producer ids. No id is ever given twice, whatever happens to the broker that had it. */
import type { AllocateProducerIdsCommand, ProducerIdBlock } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, SUCCESS } from './command.ts'

const BLOCK_SIZE = 1000

export function allocateProducerIds(request: AllocateProducerIdsCommand, context: CommandContext): CommandResult<ProducerIdBlock> {
  const { brokerId, brokerEpoch } = request
  const broker = context.image.brokers.get(brokerId)
  const none = { firstProducerId: -1, count: 0 }
  if (broker === undefined) {
    const outcome = failure(ERROR_CODES.BROKER_ID_NOT_REGISTERED, `broker ${brokerId} is not registered`)
    return { batches: [], response: { ...outcome, ...none } }
  }
  if (broker.epoch !== brokerEpoch) {
    const outcome = failure(ERROR_CODES.STALE_BROKER_EPOCH, `broker ${brokerId} has epoch ${broker.epoch}, not ${brokerEpoch}`)
    return { batches: [], response: { ...outcome, ...none } }
  }
  const firstProducerId = context.image.nextProducerId
  const nextProducerId = firstProducerId + BLOCK_SIZE
  if (!Number.isSafeInteger(nextProducerId)) {
    return { batches: [], response: { ...failure(ERROR_CODES.UNKNOWN_SERVER_ERROR, 'all producer ids are given away'), ...none } }
  }
  return {
    batches: [[{ type: 'producer-ids', brokerId, brokerEpoch, nextProducerId }]],
    response: { ...SUCCESS, firstProducerId, count: BLOCK_SIZE },
  }
}
