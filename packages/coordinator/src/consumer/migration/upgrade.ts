/**
 * A classic group becomes a consumer group when the first member joins that speaks the consumer protocol. The others stay what they are
 * and keep what they have; whoever waits for an answer is told to join again, which from then on is answered by the consumer group.
 *
 * A member whose first JoinGroup is not answered yet has nothing, and is not taken along: it joins again as if it were new. A cooperative
 * one that was told to let go of something, and has not joined again without it, has that still.
 */
import { CONSUMER_PROTOCOL_TYPE, decodeAssignment, ERROR_CODES, ProtocolError } from '@millrace/protocol'
import { refuseJoin } from '../../classic/answers.ts'
import type { ClassicGroup } from '../../classic/classic-group.ts'
import type { ClassicMember } from '../../classic/member.ts'
import { refuseSyncs } from '../../classic/rebalance.ts'
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroupRecord } from '../../records/consumer-group-records.ts'
import { type Assignment, toAssignment, type TopicPartitions, toTopicPartitions } from '../assignment.ts'
import { type EmbeddedSubscription, subscriptionOf, toTopicPartitions as byTopicId } from '../classic-members/embedded-protocol.ts'
import { topicNames } from '../member-metadata.ts'
import { currentRecord, metadataRecord } from '../member-records.ts'
import { withEpoch } from '../owned-partitions.ts'
import { MEMBER_STATES } from '../reconciliation.ts'
import { groupIsFull, type Refusal, refusal } from '../refusal.ts'
import { mayUpgrade } from './policy.ts'

interface Carried {
  readonly member: ClassicMember
  readonly subscription: EmbeddedSubscription
  readonly assigned: Assignment
  readonly pendingRevocation: Assignment
}

/** What is to be written, or why the group cannot be upgraded. */
export function planUpgrade(
  turn: GroupTurn,
  { groupId, state }: ClassicGroup,
  joinerInstanceId: string | null,
): readonly ConsumerGroupRecord[] | Refusal {
  if (state.phase === 'Empty') return []
  const because = (reason: string): Refusal =>
    refusal('GROUP_ID_NOT_FOUND', `Group ${groupId} is a classic group and cannot be upgraded to a consumer group: ${reason}.`)
  if (!mayUpgrade(turn.settings)) return because('online upgrade is disabled')
  if (state.protocolType !== CONSUMER_PROTOCOL_TYPE) return because('its members are not consumers')
  const members = [...state.members.values()].filter(({ isNew }) => !isNew)
  const { consumerMaxSize } = turn.settings
  if (members.length > consumerMaxSize) return because('it has more members than a consumer group may have')
  const takesPlace = members.some(({ groupInstanceId }) => groupInstanceId !== null && groupInstanceId === joinerInstanceId)
  if (members.length === consumerMaxSize && !takesPlace) return groupIsFull(consumerMaxSize)
  const carried = carry(turn, members)
  if (typeof carried === 'string') return because(carried)
  const records = upgradeRecords(groupId, state.generationId, carried)
  return turn.fits(records) ? records : because('it is too large to be converted at once')
}

/** Ends the classic group. The records, once they are written, are the consumer group; there are none if nobody was in it. */
export function upgrade(turn: GroupTurn, group: ClassicGroup, records: readonly ConsumerGroupRecord[]): void {
  const { state, groupId } = group
  for (const member of state.members.values()) {
    const waiter = state.takeJoinWaiter(member)
    if (waiter !== null) refuseJoin(turn, waiter, ERROR_CODES.REBALANCE_IN_PROGRESS, member.memberId)
  }
  refuseSyncs(turn, state, ERROR_CODES.REBALANCE_IN_PROGRESS)
  group.delete(turn)
  for (const record of records) turn.append(record)
  for (const { memberId, sessionTimeoutMs, isNew } of state.members.values()) {
    if (!isNew) turn.state.consumers.deadlines.set(turn, { kind: 'session', groupId, memberId }, turn.monotonicMs + sessionTimeoutMs)
  }
}

/** What each member has, or what is wrong with one of them. */
function carry(turn: GroupTurn, members: readonly ClassicMember[]): readonly Carried[] | string {
  const taken = new Set<string>()
  // What two have is the first one's.
  const take = (list: readonly TopicPartitions[]): Assignment =>
    toAssignment(
      list.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.filter((partition) => taken.size < taken.add(`${topicId}-${partition}`).size),
      })),
    )
  const carried: Omit<Carried, 'pendingRevocation'>[] = []
  for (const member of members) {
    const subscription = subscriptionOf(member.protocols, turn.topics)
    const assignment = subscription === null ? null : assignmentOf(member)
    if (subscription === null || assignment === null) return 'what its members say of themselves cannot be read'
    // Some assignors give their members more than partitions, which nobody could give them here.
    if ((assignment.userData?.length ?? 0) > 0) return 'it uses an assignor of its own'
    carried.push({ member, subscription, assigned: take(byTopicId(assignment.assignedPartitions, turn.topics)) })
  }
  return carried.map((each) => ({ ...each, pendingRevocation: take(each.subscription.owned) }))
}

function assignmentOf({ assignment }: ClassicMember): ReturnType<typeof decodeAssignment> | null {
  if (assignment.length === 0) return { assignedPartitions: [], userData: null }
  try {
    return decodeAssignment(assignment)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** The generation goes on as the epoch of the group and of all its members. */
function upgradeRecords(groupId: string, epoch: number, carried: readonly Carried[]): readonly ConsumerGroupRecord[] {
  if (carried.length === 0) return []
  const key = { groupId }
  const each = (record: (carried: Carried) => ConsumerGroupRecord): ConsumerGroupRecord[] => carried.map(record)
  return [
    ...each(({ member, subscription }) => metadataRecord(groupId, member.memberId, metadataOf(member, subscription))),
    { type: 'consumer-group-metadata', key, value: { epoch, metadataHash: 0 } },
    ...each(({ member: { memberId }, assigned }) => ({
      type: 'consumer-group-target-assignment-member',
      key: { groupId, memberId },
      value: { topicPartitions: toTopicPartitions(assigned) },
    })),
    { type: 'consumer-group-target-assignment-metadata', key, value: { assignmentEpoch: epoch, assignmentTimestamp: 0 } },
    ...each(({ member, assigned, pendingRevocation }) =>
      currentRecord(groupId, member.memberId, {
        memberEpoch: epoch,
        previousMemberEpoch: epoch,
        state: pendingRevocation.size > 0 ? MEMBER_STATES.unrevokedPartitions : MEMBER_STATES.stable,
        assigned: withEpoch(assigned, epoch),
        pendingRevocation: withEpoch(pendingRevocation, epoch),
      }),
    ),
  ]
}

function metadataOf(member: ClassicMember, subscription: EmbeddedSubscription) {
  return {
    instanceId: member.groupInstanceId,
    rackId: subscription.rackId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: topicNames(subscription.topicNames),
    subscribedTopicRegex: null,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: null,
    classicMemberMetadata: { sessionTimeoutMs: member.sessionTimeoutMs, supportedProtocols: member.protocols },
  }
}
