/**
 * Takes a broker out of service: it leads nothing and is in no ISR, and only then does the record say that it is fenced. For a
 * broker that was not heard of for too long, and for one that asks for it.
 */
import type { BrokerImage, Outcome } from '@millrace/metadata'
import { checkBroker } from './check-broker.ts'
import { type CommandContext, type CommandResult, SUCCESS } from './command.ts'
import { isActiveBroker } from './new-partition.ts'
import { sweepPartitions, withoutBroker } from './partition/sweep.ts'

export interface FenceBrokerCommand {
  readonly brokerId: number
  readonly brokerEpoch: number
}

/** Without effect when the broker was heard of meanwhile, registered anew, or is fenced already. */
export function fenceBroker(request: FenceBrokerCommand, context: CommandContext): CommandResult<Outcome> {
  const { brokerId, brokerEpoch } = request
  const broker = checkBroker(context.image, brokerId, brokerEpoch)
  if ('errorCode' in broker) return { batches: [], response: broker }
  if (broker.isFenced || context.sessions.isLive(brokerId, brokerEpoch)) return { batches: [], response: SUCCESS }
  return deactivate(broker, { isFenced: true }, context)
}

/** The broker's partitions first, so that no batch leaves it in an ISR that it has no place in. */
export function deactivate(
  broker: BrokerImage,
  change: { readonly isFenced?: boolean; readonly isInControlledShutdown?: boolean },
  context: CommandContext,
): CommandResult<Outcome> {
  const isActive = (brokerId: number): boolean => brokerId !== broker.id && isActiveBroker(context.image.brokers.get(brokerId))
  const { records, isComplete } = sweepPartitions(context, withoutBroker(broker.id), { isActive })
  if (!isComplete) return { batches: [records], response: SUCCESS, isPartial: true }
  const record = { type: 'broker-registration-change', brokerId: broker.id, brokerEpoch: broker.epoch, ...change } as const
  return { batches: [[...records, record]], response: SUCCESS }
}
