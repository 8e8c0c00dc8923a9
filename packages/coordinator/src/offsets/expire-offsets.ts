/**
 * Offsets that nobody needs any more go: by age when the group is empty or does not read the topic, and those of deleted topics. A group
 * without members and offsets goes with them.
 *
 * A sweep writes as much as fits in one batch, and goes on at once in the next step when that was not all.
 */
import { ERROR_CODES, ZERO_UUID } from '@millrace/protocol'
import type { DeletedTopic } from '../group/events.ts'
import { allGroupIds, findGroup, rememberIfGone } from '../group/find-group.ts'
import type { Group } from '../group/group.ts'
import { timerKey } from '../group/timer-key.ts'
import type { GroupTurn } from '../group/turn.ts'
import { offsetTombstone } from './offset-tombstone.ts'
import type { CommittedOffset, OffsetsByPartition } from './offset-store.ts'

const EXPIRY_TIMER = timerKey('offset-expiry', '')
const DELETED_TOPICS_TIMER = timerKey('deleted-topics', '')

export function scheduleExpiry(turn: GroupTurn): void {
  turn.setTimer(EXPIRY_TIMER, turn.monotonicMs + turn.settings.offsetsRetentionCheckIntervalMs)
}

export function expireOffsets(turn: GroupTurn): void {
  for (const groupId of allGroupIds(turn.state)) {
    const group = findGroup(turn.state, groupId)
    if (group !== undefined && !expireOffsetsOf(turn, group)) return turn.setTimer(EXPIRY_TIMER, turn.monotonicMs)
  }
  scheduleExpiry(turn)
}

/** Says whether there was room for all of it. */
function expireOffsetsOf(turn: GroupTurn, group: Group): boolean {
  const start = group.retentionStart()
  if (start === null) return true
  const { groupId } = group
  const { offsets } = turn.state
  const isExpired = (offset: CommittedOffset): boolean =>
    offset.expireTimestamp === -1 ? turn.nowMs - start(offset) >= turn.settings.offsetsRetentionMs : turn.nowMs >= offset.expireTimestamp
  for (const [topic, partitions] of offsets.committed(groupId) ?? []) {
    if (group.isSubscribedTo(topic)) continue
    for (const [partition, offset] of partitions) {
      if (!isExpired(offset) || offsets.isPending(groupId, topic, partition)) continue
      if (!turn.appendIfFits(offsetTombstone(groupId, topic, partition))) return false
    }
  }
  if (!offsets.has(groupId) && group.checkDelete() === ERROR_CODES.NONE) group.delete(turn)
  return true
}

export function onTopicsDeleted(turn: GroupTurn, topics: readonly DeletedTopic[]): void {
  turn.state.deletedTopics.push(...topics)
  deleteOffsetsOfDeletedTopics(turn)
}

export function deleteOffsetsOfDeletedTopics(turn: GroupTurn): void {
  const { deletedTopics, offsets } = turn.state
  for (let topic = deletedTopics[0]; topic !== undefined; topic = deletedTopics[0]) {
    for (const groupId of offsets.groupIds()) {
      if (!deleteOffsetsOf(turn, groupId, topic)) return turn.setTimer(DELETED_TOPICS_TIMER, turn.monotonicMs)
      rememberIfGone(turn.state, groupId)
    }
    deletedTopics.shift()
  }
}

/** Says whether there was room for all of it. A topic of the same name that was made since is another. */
function deleteOffsetsOf(turn: GroupTurn, groupId: string, { name, id }: DeletedTopic): boolean {
  const { offsets } = turn.state
  const ofGroup: (OffsetsByPartition | undefined)[] = [offsets.committed(groupId)?.get(name)]
  for (const [topic, partitions] of offsets.pending(groupId)) if (topic === name) ofGroup.push(partitions)
  for (const partitions of ofGroup) {
    for (const [partition, { topicId }] of partitions ?? []) {
      if (topicId !== id && topicId !== ZERO_UUID) continue
      if (!turn.appendIfFits(offsetTombstone(groupId, name, partition))) return false
    }
  }
  return true
}
