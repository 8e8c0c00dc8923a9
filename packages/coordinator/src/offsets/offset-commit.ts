/**
 * OffsetCommit, versions 2-10.
 *
 * Version notes: 2-4 may state for how long the offsets are kept; from 9 on an unknown group of a member is GROUP_ID_NOT_FOUND, before
 * that it was ILLEGAL_GENERATION; 10 names topics by id. Metadata is counted in UTF-16 units, as Kafka does.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { findGroup } from '../group/find-group.ts'
import type { CommitCheck } from '../group/group.ts'
import { isStorableName } from '../group/names.ts'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { commitOffsets } from './commit-offsets.ts'

const GROUP_ID_NOT_FOUND_VERSION = 9
const TOPIC_ID_VERSION = 10

export function onOffsetCommit(turn: GroupTurn, { token, apiVersion, body }: GroupCall<'OffsetCommit'>): void {
  const group = findGroup(turn.state, body.groupId)
  const { topics, count } = commitOffsets(turn, {
    groupId: body.groupId,
    topics: body.topics,
    usesTopicIds: apiVersion >= TOPIC_ID_VERSION,
    expireTimestamp: expireTimestamp(turn.nowMs, body.retentionTimeMs),
    transaction: null,
    check(): CommitCheck {
      const { memberId, groupInstanceId, generationIdOrMemberEpoch } = body
      if (!isStorableName(body.groupId)) return ERROR_CODES.INVALID_GROUP_ID
      if (group === undefined) return checkWithoutGroup(generationIdOrMemberEpoch, apiVersion)
      return group.checkOffsetCommit({ memberId, groupInstanceId, generationIdOrMemberEpoch, isTransactional: false, apiVersion })
    },
  })
  if (count > 0) group?.offsetsCommitted(turn, body.memberId)
  turn.reply(token, 'OffsetCommit', { topics })
}

/** Whoever does not say to be a member may begin a group by committing. */
function checkWithoutGroup(generationIdOrMemberEpoch: number, apiVersion: number): ErrorCode {
  if (generationIdOrMemberEpoch < 0) return ERROR_CODES.NONE
  return apiVersion >= GROUP_ID_NOT_FOUND_VERSION ? ERROR_CODES.GROUP_ID_NOT_FOUND : ERROR_CODES.ILLEGAL_GENERATION
}

function expireTimestamp(nowMs: number, retentionTimeMs: number): number {
  return retentionTimeMs === -1 ? -1 : Math.min(nowMs + retentionTimeMs, Number.MAX_SAFE_INTEGER)
}
