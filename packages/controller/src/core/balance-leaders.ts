/**
 * Gives partitions back to their preferred leaders, so that a broker which was away leads again what it should. Some at a
 * time: each change of leadership is felt by clients.
 */
import type { MetadataRecord } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { CommandContext, CommandResult } from './command.ts'
import { electLeader } from './elect-leaders.ts'
import { isActiveBroker } from './new-partition.ts'

/** As many as Apache Kafka's controller moves at a time. */
const ELECTIONS_MAX = 1000

/** Answers whether there is more to do. */
export function balanceLeaders(_request: null, context: CommandContext): CommandResult<boolean> {
  if (!context.config.get('auto.leader.rebalance.enable')) return { batches: [], response: false }
  const records: MetadataRecord[] = []
  for (const topic of context.image.topics) {
    for (const [index, partition] of topic.partitions.entries()) {
      const [preferred = -1] = partition.replicas
      if (partition.leader === preferred || !partition.isr.includes(preferred)) continue
      if (!isActiveBroker(context.image.brokers.get(preferred))) continue
      const { outcome, changed } = electLeader(topic, index, 'preferred', context)
      if (outcome.errorCode !== ERROR_CODES.NONE || changed === null) continue
      if (records.length === ELECTIONS_MAX) return { batches: [records], response: true }
      records.push(changed.record)
    }
  }
  return { batches: records.length === 0 ? [] : [records], response: false }
}
