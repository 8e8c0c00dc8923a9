/** Members of the classic protocol hear of changes when they are told to join again, and are fenced when they do not in time. */
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroup, ConsumerGroupMember } from '../consumer-group.ts'
import { MEMBER_STATES } from '../reconciliation.ts'

/** Whether joining again would bring the member anywhere. */
export function mustJoin(group: ConsumerGroup, { memberId, current }: ConsumerGroupMember): boolean {
  if (current.memberEpoch < group.groupEpoch) return true
  if (current.state === MEMBER_STATES.unrevokedPartitions) return true
  return current.state === MEMBER_STATES.unreleasedPartitions && !isWaitingForOthers(group, memberId)
}

export function expectJoin(turn: GroupTurn, { groupId }: ConsumerGroup, { memberId, metadata }: ConsumerGroupMember): void {
  const deadline = { kind: 'join', groupId, memberId } as const
  const { deadlines } = turn.state.consumers
  if (!deadlines.has(deadline)) deadlines.set(turn, deadline, turn.monotonicMs + metadata.rebalanceTimeoutMs)
}

function isWaitingForOthers(group: ConsumerGroup, memberId: string): boolean {
  for (const [topicId, partitions] of group.targetOf(memberId)) {
    for (const partition of partitions) {
      const owner = group.ownerOf(topicId, partition)
      if (owner !== undefined && owner !== memberId) return true
    }
  }
  return false
}
