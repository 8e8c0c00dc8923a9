/** OffsetDelete, version 0: an operator takes offsets away from a group that does not read the topic. */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { findGroup, rememberIfGone } from '../group/find-group.ts'
import type { Group } from '../group/group.ts'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { offsetTombstone } from './offset-tombstone.ts'

export function onOffsetDelete(turn: GroupTurn, { token, body }: GroupCall<'OffsetDelete'>): void {
  const { groupId, topics } = body
  const group = findGroup(turn.state, groupId)
  const errorCode = groupId === '' ? ERROR_CODES.INVALID_GROUP_ID : (group?.checkOffsetDelete() ?? ERROR_CODES.GROUP_ID_NOT_FOUND)
  if (group === undefined || errorCode !== ERROR_CODES.NONE)
    return turn.reply(token, 'OffsetDelete', { throttleTimeMs: 0, errorCode, topics: [] })
  const results = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: deleteOffset(turn, group, name, partitionIndex) })),
  }))
  rememberIfGone(turn.state, groupId)
  turn.reply(token, 'OffsetDelete', { throttleTimeMs: 0, errorCode, topics: results })
}

function deleteOffset(turn: GroupTurn, group: Group, topic: string, partition: number): ErrorCode {
  const known = turn.topics.byName(topic)
  if (known === undefined || partition < 0 || partition >= known.partitionCount) return ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION
  if (group.isSubscribedTo(topic)) return ERROR_CODES.GROUP_SUBSCRIBED_TO_TOPIC
  const { groupId } = group
  const { offsets } = turn.state
  if (offsets.get(groupId, topic, partition) === undefined && !offsets.isPending(groupId, topic, partition)) return ERROR_CODES.NONE
  return turn.appendIfFits(offsetTombstone(groupId, topic, partition)) ? ERROR_CODES.NONE : ERROR_CODES.INVALID_COMMIT_OFFSET_SIZE
}
