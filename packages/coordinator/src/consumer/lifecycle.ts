/** What happens to consumer groups without a request: they are loaded, topics change, and members are not heard of. */
import type { GroupTurn } from '../group/turn.ts'
import type { ConsumerGroup, ConsumerGroupMember } from './consumer-group.ts'
import type { Deadline } from './deadlines.ts'
import { findConsumerGroup } from './membership.ts'
import { fenceMembers } from './migration/downgrade.ts'
import { MEMBER_STATES } from './reconciliation.ts'

export function loadConsumerGroups(turn: GroupTurn): void {
  for (const group of turn.state.groups.values()) if (group.type === 'consumer') loadConsumerGroup(turn, group as ConsumerGroup)
}

/** Members of a group that was loaded have their whole time again: when they were last heard of, the old coordinator knew. */
function loadConsumerGroup(turn: GroupTurn, group: ConsumerGroup): void {
  const { groupId } = group
  const { consumerSessionTimeoutMs } = turn.settingsOf(groupId)
  for (const { memberId, metadata, current } of group.members.values()) {
    const { deadlines } = turn.state.consumers
    const classic = metadata.classicMemberMetadata
    const sessionTimeoutMs = classic?.sessionTimeoutMs ?? consumerSessionTimeoutMs
    deadlines.set(turn, { kind: 'session', groupId, memberId }, turn.monotonicMs + sessionTimeoutMs)
    if (classic !== null || current.state !== MEMBER_STATES.unrevokedPartitions) continue
    deadlines.set(turn, { kind: 'revocation', groupId, memberId }, turn.monotonicMs + metadata.rebalanceTimeoutMs)
  }
}

export function onTopicsChanged(turn: GroupTurn): void {
  turn.state.consumers.topicsVersion += 1
}

export function onConsumerMemberTimer(turn: GroupTurn, key: string): void {
  const deadline = turn.state.consumers.deadlines.passed(turn, key)
  if (deadline === null) return
  const group = findConsumerGroup(turn, deadline.groupId)
  const member = group?.members.get(deadline.memberId)
  if (group === undefined || member === undefined) return
  if (isMissed(deadline, member)) fenceMembers(turn, group, [member.memberId])
}

function isMissed({ kind }: Deadline, { current }: ConsumerGroupMember): boolean {
  return kind !== 'revocation' || current.state === MEMBER_STATES.unrevokedPartitions
}
