/**
 * When a member is to be heard of next.
 *
 * A rebalance takes as long as its members take to hear of it, and they hear in answers to heartbeats alone. So the fewer members this
 * coordinator has, the more often they are asked to send one: then two members agree within a second, and thousands cost no more than
 * they do with Kafka's five seconds. Members that wait for others, or are to give something up, come back sooner still.
 */
import type { GroupTurn } from '../group/turn.ts'
import type { ConsumerGroup, ConsumerGroupMember } from './consumer-group.ts'
import { isReconciled } from './reconciliation.ts'

/** How much longer the interval is for each member that the coordinator has: 50 heartbeats a second in all from groups at rest... */
const RESTING_MS_PER_MEMBER = 20
/** ...and 500 from those that are not. */
const WAITING_MS_PER_MEMBER = 2

export function heartbeatIntervalMs(turn: GroupTurn, group: ConsumerGroup, { current }: ConsumerGroupMember): number {
  const { consumerWaitingHeartbeatIntervalMs } = turn.settings
  const { consumerHeartbeatIntervalMs, consumerRestingHeartbeatIntervalMs } = turn.settingsOf(group.groupId)
  const { sessionCount } = turn.state.consumers.deadlines
  const interval = isReconciled(current, group.groupEpoch)
    ? Math.max(consumerRestingHeartbeatIntervalMs, sessionCount * RESTING_MS_PER_MEMBER)
    : Math.max(consumerWaitingHeartbeatIntervalMs, sessionCount * WAITING_MS_PER_MEMBER)
  return Math.min(interval, consumerHeartbeatIntervalMs)
}
