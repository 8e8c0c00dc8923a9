/** Forgets a broker that is gone for good: with it goes whatever it alone had. Replicas keep its id until they are reassigned. */
import type { Outcome, UnregisterBrokerCommand } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, SUCCESS } from './command.ts'
import { isActiveBroker } from './new-partition.ts'
import { sweepPartitions, withoutBroker } from './partition/sweep.ts'

export function unregisterBroker(request: UnregisterBrokerCommand, context: CommandContext): CommandResult<Outcome> {
  const { brokerId } = request
  const broker = context.image.brokers.get(brokerId)
  if (broker === undefined) {
    return { batches: [], response: failure(ERROR_CODES.BROKER_ID_NOT_REGISTERED, `broker ${brokerId} is not registered`) }
  }
  const isActive = (other: number): boolean => other !== brokerId && isActiveBroker(context.image.brokers.get(other))
  const { records, isComplete } = sweepPartitions(context, withoutBroker(brokerId, { failed: true }), { isActive })
  if (!isComplete) return { batches: [records], response: SUCCESS, isPartial: true }
  return { batches: [[...records, { type: 'unregister-broker', brokerId, brokerEpoch: broker.epoch }]], response: SUCCESS }
}
