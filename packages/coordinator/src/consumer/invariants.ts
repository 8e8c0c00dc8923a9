/** What holds of every consumer group after every step; the numbers are those of docs/spec/consumer-groups.md. */
import { isSameAssignment, toAssignment } from './assignment.ts'
import type { ConsumerGroup, ConsumerGroupMember } from './consumer-group.ts'
import { STATIC_LEAVE_EPOCH } from './heartbeat-request.ts'
import { type OwnedPartitions, partitionsOf } from './owned-partitions.ts'
import { MEMBER_STATES } from './reconciliation.ts'

/** Throws an error that names the invariant. Walks all partitions: for tests. */
export function assertInvariants(group: ConsumerGroup): void {
  const { groupEpoch, assignmentEpoch, members } = group
  check(assignmentEpoch <= groupEpoch, 'C1', `assignment epoch ${assignmentEpoch}, group epoch ${groupEpoch}`)
  const owners = new Map<string, string>()
  for (const member of members.values()) {
    assertMember(group, member)
    const { assigned, pendingRevocation } = member.current
    for (const owned of [assigned, pendingRevocation]) assertOwners(group, member, owned, owners)
  }
  assertTargets(group)
}

function assertMember(group: ConsumerGroup, { memberId, metadata, current }: ConsumerGroupMember): void {
  const { memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation } = current
  const epochs = `${memberId}: epoch ${memberEpoch} after ${previousMemberEpoch}`
  check(memberEpoch === STATIC_LEAVE_EPOCH || (memberEpoch > 0 && memberEpoch <= group.assignmentEpoch), 'C2', epochs)
  check(memberEpoch === STATIC_LEAVE_EPOCH || previousMemberEpoch <= memberEpoch, 'C2', epochs)
  check((state === MEMBER_STATES.unrevokedPartitions) === pendingRevocation.size > 0, 'C4', `${memberId}: state ${state}`)
  if (state === MEMBER_STATES.stable && memberEpoch === group.groupEpoch) {
    check(isSameAssignment(toAssignment(partitionsOf(assigned)), group.targetOf(memberId)), 'C5', `${memberId} is stable`)
  }
  const { instanceId } = metadata
  if (instanceId !== null) check(group.memberOfInstance(instanceId)?.memberId === memberId, 'C7', `${memberId} is ${instanceId}`)
}

function assertOwners(group: ConsumerGroup, { memberId }: ConsumerGroupMember, owned: OwnedPartitions, owners: Map<string, string>): void {
  for (const { topicId, partitions } of partitionsOf(owned)) {
    for (const partition of partitions) {
      const name = `${topicId}-${partition}`
      check(!owners.has(name), 'C3', `${name} is owned by ${owners.get(name)} and ${memberId}`)
      check(group.ownerOf(topicId, partition) === memberId, 'C3', `${name} is owned by ${memberId}`)
      owners.set(name, memberId)
    }
  }
}

function assertTargets(group: ConsumerGroup): void {
  if (group.groupEpoch > group.assignmentEpoch) return
  const owners = new Map<string, string>()
  for (const [memberId, target] of group.targets) {
    check(group.members.has(memberId), 'C6', `${memberId} is to have something and is no member`)
    for (const [topicId, partitions] of target) {
      for (const partition of partitions) {
        const name = `${topicId}-${partition}`
        check(!owners.has(name), 'C6', `${name} is to be of ${owners.get(name)} and ${memberId}`)
        owners.set(name, memberId)
      }
    }
  }
}

function check(condition: boolean, invariant: string, values: string): void {
  if (!condition) throw new Error(`${invariant} does not hold: ${values}`)
}
