/**
 * From the group epoch to the assignment epoch: computes who is to have what, and writes what has changed.
 *
 * Computing costs in proportion to members and partitions, and a large group that starts does it for each member that joins. So the
 * larger the group, the longer the pause before the next; members who come meanwhile are told to ask again soon.
 */
import type { TopicDescription } from '../group/topics-view.ts'
import type { GroupTurn } from '../group/turn.ts'
import type { ConsumerGroupRecord } from '../records/consumer-group-records.ts'
import { type Assignment, isSameAssignment, NOTHING_ASSIGNED, toTopicPartitions } from './assignment.ts'
import type { AssignableMember, Assignor } from './assignors/assignor.ts'
import { rangeAssignor } from './assignors/range.ts'
import { uniformAssignor } from './assignors/uniform.ts'
import { type ConsumerGroup, memberOf } from './consumer-group.ts'
import { currentRecord } from './member-records.ts'
import { withEpoch } from './owned-partitions.ts'
import { SubscribedTopics } from './subscription/subscribed-topics.ts'

const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', uniformAssignor],
  ['range', rangeAssignor],
])
const DEFAULT_ASSIGNOR = 'uniform'

/**
 * Members and partitions, taken together, up to which there is no pause, and how many more lengthen it by a millisecond. Ten thousand
 * of them take some 30 ms to assign, so that this is a tenth or so of the processor at the most.
 */
const SMALL_GROUP = 1_000
const SIZE_PER_PAUSE_MS = 50

/**
 * Unless nothing has changed since the last time, or it is too early. What a step writes has to fit one batch, beside what the member
 * whose request this is will have; a target that is larger is written in as many steps as it takes, and counts after the last.
 */
export function updateTargetAssignment(turn: GroupTurn, group: ConsumerGroup, memberId: string): void {
  const { groupEpoch, unwrittenTarget } = group
  if (groupEpoch <= group.assignmentEpoch) return
  const assigned = unwrittenTarget?.groupEpoch === groupEpoch ? unwrittenTarget.assigned : computeTarget(turn, group)
  if (assigned === null) return
  group.unwrittenTarget = { groupEpoch, assigned }
  const reserve = [epochRecord(turn, group), largestCurrentRecord(group, memberId, assigned.get(memberId) ?? NOTHING_ASSIGNED)]
  for (const each of group.members.keys()) {
    const target = assigned.get(each) ?? NOTHING_ASSIGNED
    if (group.targets.has(each) && isSameAssignment(group.targetOf(each), target)) continue
    const record = targetRecord(group, each, target)
    if (!turn.fits([record, ...reserve])) return
    turn.append(record)
  }
  turn.append(epochRecord(turn, group))
  group.unwrittenTarget = null
}

function computeTarget(turn: GroupTurn, group: ConsumerGroup): ReadonlyMap<string, Assignment> | null {
  const subscribed = new SubscribedTopics(group, turn.topics)
  const topics = subscribed.all()
  if (isTooEarly(turn, group, topics)) return null
  const members = [...group.members.values()].map(
    (member): AssignableMember => ({
      memberId: member.memberId,
      instanceId: member.metadata.instanceId,
      topicIds: subscribed.idsOf(member),
      previous: group.targetOf(member.memberId),
    }),
  )
  const assign = ASSIGNORS.get(assignorOf(group, turn.settings.consumerAssignors)) as Assignor
  return assign({ members, partitionCounts: new Map(topics.map(({ id, partitionCount }) => [id, partitionCount])) })
}

export function targetRecord({ groupId }: ConsumerGroup, memberId: string, target: Assignment): ConsumerGroupRecord {
  return {
    type: 'consumer-group-target-assignment-member',
    key: { groupId, memberId },
    value: { topicPartitions: toTopicPartitions(target) },
  }
}

function epochRecord(turn: GroupTurn, { groupId, groupEpoch }: ConsumerGroup): ConsumerGroupRecord {
  return {
    type: 'consumer-group-target-assignment-metadata',
    key: { groupId },
    value: { assignmentEpoch: groupEpoch, assignmentTimestamp: turn.nowMs },
  }
}

/** No reconciliation with the target gives the member a longer record than this. */
export function largestCurrentRecord(group: ConsumerGroup, memberId: string, target: Assignment): ConsumerGroupRecord {
  const { current } = memberOf(group, memberId)
  return currentRecord(group.groupId, memberId, {
    ...current,
    assigned: withEpoch(target, group.groupEpoch),
    pendingRevocation: current.assigned,
  })
}

/** Whether the last target is too young for another to be computed, whatever has changed since. */
export function isPaused(turn: GroupTurn, group: ConsumerGroup): boolean {
  return isTooEarly(turn, group, new SubscribedTopics(group, turn.topics).all())
}

/** A clock that was set back does not hold the group up. */
function isTooEarly(turn: GroupTurn, group: ConsumerGroup, topics: readonly TopicDescription[]): boolean {
  const { groupId, assignmentEpoch, assignedAtMs, members } = group
  const partitions = topics.reduce((sum, { partitionCount }) => sum + partitionCount, 0)
  const pauseMs = Math.max(turn.settingsOf(groupId).consumerAssignmentIntervalMs, pauseFor(members.size + partitions))
  return assignmentEpoch > 0 && turn.nowMs >= assignedAtMs && turn.nowMs - assignedAtMs < pauseMs
}

function pauseFor(size: number): number {
  return size <= SMALL_GROUP ? 0 : Math.floor((size - SMALL_GROUP) / SIZE_PER_PAUSE_MS)
}

/** The one that most members ask for; the default when none does. */
export function assignorOf(group: ConsumerGroup, supported: readonly string[]): string {
  const votes = new Map<string, number>()
  for (const { metadata } of group.members.values()) {
    const name = metadata.serverAssignor
    if (name !== null) votes.set(name, (votes.get(name) ?? 0) + 1)
  }
  const known = supported.filter((name) => ASSIGNORS.has(name))
  let winner = known[0] ?? DEFAULT_ASSIGNOR
  for (const name of known) if ((votes.get(name) ?? 0) > (votes.get(winner) ?? 0)) winner = name
  return winner
}

export function isSupportedAssignor(name: string, supported: readonly string[]): boolean {
  return supported.includes(name) && ASSIGNORS.has(name)
}
