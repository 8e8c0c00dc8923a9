/**
 * Gives partitions without a leader one, where somebody can lead them, and takes from every ISR who has no place in it. A new
 * controller begins with it, for the one before may have been interrupted between two batches.
 */
import type { CommandContext, CommandResult } from './command.ts'
import { isActiveBroker } from './new-partition.ts'
import { settle, sweepPartitions } from './partition/sweep.ts'

export function settlePartitions(_request: null, context: CommandContext): CommandResult<null> {
  const isActive = (brokerId: number): boolean => isActiveBroker(context.image.brokers.get(brokerId))
  const { records, isComplete } = sweepPartitions(context, settle(isActive))
  return { batches: records.length === 0 ? [] : [records], response: null, isPartial: !isComplete }
}
