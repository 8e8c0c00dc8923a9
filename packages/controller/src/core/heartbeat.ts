/** A broker says that it is there, and hears what the cluster holds of it. */
import type { BrokerHeartbeatCommand, BrokerHeartbeatOutcome } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, SUCCESS } from './command.ts'

export function heartbeat(request: BrokerHeartbeatCommand, context: CommandContext): CommandResult<BrokerHeartbeatOutcome> {
  const { brokerId, brokerEpoch, metadataOffset, wantShutdown } = request
  const broker = context.image.brokers.get(brokerId)
  if (broker === undefined || broker.epoch !== brokerEpoch) {
    const problem =
      broker === undefined ? `broker ${brokerId} is not registered` : `broker ${brokerId} has epoch ${broker.epoch}, not ${brokerEpoch}`
    const outcome = failure(broker === undefined ? ERROR_CODES.BROKER_ID_NOT_REGISTERED : ERROR_CODES.STALE_BROKER_EPOCH, problem)
    return { batches: [], response: { ...outcome, isFenced: true, isCaughtUp: false, shouldShutdown: false } }
  }
  const isCaughtUp = metadataOffset >= brokerEpoch
  return { batches: [], response: { ...SUCCESS, isFenced: broker.isFenced, isCaughtUp, shouldShutdown: wantShutdown } }
}
