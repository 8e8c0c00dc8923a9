/**
 * DeleteGroups, versions 0-3: groups without members go, with all their offsets.
 *
 * What a step writes is one batch. Of a group that has more offsets than fit, those that fit are deleted, and the client is told what makes
 * it ask again (COORDINATOR_LOAD_IN_PROGRESS), until the last of them goes together with the group.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { allOffsets } from '../offsets/all-offsets.ts'
import { offsetTombstone } from '../offsets/offset-tombstone.ts'
import { findGroup } from './find-group.ts'
import type { GroupCall } from './requests.ts'
import type { GroupTurn } from './turn.ts'

export function onDeleteGroups(turn: GroupTurn, { token, body }: GroupCall<'DeleteGroups'>): void {
  const results = [...new Set(body.groupsNames)].map((groupId) => ({ groupId, errorCode: deleteGroup(turn, groupId) }))
  turn.reply(token, 'DeleteGroups', { throttleTimeMs: 0, results })
}

function deleteGroup(turn: GroupTurn, groupId: string): ErrorCode {
  const group = findGroup(turn.state, groupId)
  const refusal = group?.checkDelete() ?? ERROR_CODES.GROUP_ID_NOT_FOUND
  if (group === undefined || refusal !== ERROR_CODES.NONE) return refusal
  for (const { topic, partition } of allOffsets(turn.state.offsets, groupId)) {
    if (!turn.appendIfFits(offsetTombstone(groupId, topic, partition))) return ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS
  }
  group.delete(turn)
  return ERROR_CODES.NONE
}
