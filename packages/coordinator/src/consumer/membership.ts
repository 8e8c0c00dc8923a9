/**
 * What happens to a group whatever its members speak: its epoch goes up, a member is reconciled, replaced or removed. All of it is
 * written as records and read back from the group, in the order in which a new coordinator will replay it.
 */
import type { GroupTurn } from '../group/turn.ts'
import type { TopicPartitions } from './assignment.ts'
import { type ConsumerGroup, type ConsumerGroupMember, memberOf } from './consumer-group.ts'
import { DEADLINE_KINDS } from './deadlines.ts'
import { currentRecord, memberTombstones, metadataRecord } from './member-records.ts'
import { reconcile } from './reconciliation.ts'
import { resolveExpressions } from './subscription/resolve-expressions.ts'
import { SubscribedTopics } from './subscription/subscribed-topics.ts'
import { largestCurrentRecord, targetRecord } from './target-assignment.ts'

/** The group of an id, as the records written so far have made it, if its members are of the consumer protocol. */
export function findConsumerGroup(turn: GroupTurn, groupId: string): ConsumerGroup | undefined {
  const group = turn.state.groups.get(groupId)
  return group?.type === 'consumer' ? (group as ConsumerGroup) : undefined
}

/**
 * Looks whether what the group subscribes to has changed, and begins a new group epoch if so. In the batch of this step there is room
 * left for what the member will have, whose request this is.
 */
export function updateGroupEpoch(turn: GroupTurn, group: ConsumerGroup, memberId: string, hasSubscriptionChanged: boolean): void {
  const { topicsVersion } = turn.state.consumers
  const haveTopicsChanged = group.topicsVersion !== topicsVersion
  if (!hasSubscriptionChanged && !haveTopicsChanged) return
  const reserve = [largestCurrentRecord(group, memberId, group.targetOf(memberId))]
  if (resolveExpressions(turn, group, reserve)) group.topicsVersion = topicsVersion
  const metadataHash = new SubscribedTopics(group, turn.topics).metadataHash()
  if (hasSubscriptionChanged || metadataHash !== group.metadataHash) beginEpoch(turn, group, metadataHash)
}

function beginEpoch(turn: GroupTurn, { groupId, groupEpoch }: ConsumerGroup, metadataHash: number): void {
  turn.append({ type: 'consumer-group-metadata', key: { groupId }, value: { epoch: groupEpoch + 1, metadataHash } })
}

/** Brings a member nearer to its target. False when it has to begin anew. */
export function reconcileMember(
  turn: GroupTurn,
  group: ConsumerGroup,
  memberId: string,
  reported: readonly TopicPartitions[] | null,
): boolean {
  const member = memberOf(group, memberId)
  const subscribed = new Set(new SubscribedTopics(group, turn.topics).idsOf(member))
  const next = reconcile(member.current, {
    targetEpoch: group.assignmentEpoch,
    target: group.targetOf(memberId),
    reported,
    isSubscribed: (topicId) => subscribed.has(topicId),
    isOwnedByAnother(topicId, partition) {
      const owner = group.ownerOf(topicId, partition)
      return owner !== undefined && owner !== memberId
    },
  })
  if (next === null) return false
  if (next !== member.current) turn.append(currentRecord(group.groupId, memberId, next))
  return true
}

/** A static member that comes back under another member id: the new one has what the old one had, and begins at epoch 0. */
export function replaceMember(turn: GroupTurn, group: ConsumerGroup, old: ConsumerGroupMember, memberId: string): void {
  const { groupId } = group
  const target = group.targetOf(old.memberId)
  removeMember(turn, groupId, old.memberId)
  turn.append(metadataRecord(groupId, memberId, old.metadata))
  turn.append(targetRecord(group, memberId, target))
  turn.append(currentRecord(groupId, memberId, { ...old.current, memberEpoch: 0, previousMemberEpoch: 0 }))
  group.unwrittenTarget = null
}

/** Members leave or are fenced. Their partitions are free at once, and the group is assigned anew when the next member is heard of. */
export function removeMembers(turn: GroupTurn, group: ConsumerGroup, memberIds: readonly string[]): void {
  for (const memberId of memberIds) removeMember(turn, group.groupId, memberId)
  resolveExpressions(turn, group, [])
  beginEpoch(turn, group, new SubscribedTopics(group, turn.topics).metadataHash())
}

export function removeMember(turn: GroupTurn, groupId: string, memberId: string): void {
  for (const tombstone of memberTombstones(groupId, memberId)) turn.append(tombstone)
  for (const kind of DEADLINE_KINDS) turn.state.consumers.deadlines.clear(turn, { kind, groupId, memberId })
}
