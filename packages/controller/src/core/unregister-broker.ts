/** Forgets a broker that is gone for good. */
import type { Outcome, UnregisterBrokerCommand } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, SUCCESS } from './command.ts'

export function unregisterBroker(request: UnregisterBrokerCommand, context: CommandContext): CommandResult<Outcome> {
  const broker = context.image.brokers.get(request.brokerId)
  if (broker === undefined) {
    const problem = `broker ${request.brokerId} is not registered`
    return { batches: [], response: failure(ERROR_CODES.BROKER_ID_NOT_REGISTERED, problem) }
  }
  return { batches: [[{ type: 'unregister-broker', brokerId: broker.id, brokerEpoch: broker.epoch }]], response: SUCCESS }
}
