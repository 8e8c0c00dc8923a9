/**
 * TxnOffsetCommit, versions 0-6: offsets that count when the transaction has committed. Whether the producer has that transaction
 * open is for the transaction's coordinator to say, and is asked before the request comes here.
 *
 * Version notes: before 3 nobody says to be a member, and any group takes the offsets; 6 names topics by id.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { findGroup } from '../group/find-group.ts'
import type { CommitCheck } from '../group/group.ts'
import { isStorableName } from '../group/names.ts'
import type { GroupCall } from '../group/requests.ts'
import type { GroupTurn } from '../group/turn.ts'
import { commitOffsets } from './commit-offsets.ts'

const TOPIC_ID_VERSION = 6

export function onTxnOffsetCommit(turn: GroupTurn, call: GroupCall<'TxnOffsetCommit'>): void {
  const { groupId, producerId, producerEpoch, topics } = call.body
  const { topics: results } = commitOffsets(turn, {
    groupId,
    topics,
    usesTopicIds: call.apiVersion >= TOPIC_ID_VERSION,
    expireTimestamp: -1,
    transaction: { producerId, producerEpoch },
    check: () => checkMember(turn, call),
  })
  turn.reply(call.token, 'TxnOffsetCommit', { throttleTimeMs: 0, topics: results })
}

function checkMember(turn: GroupTurn, { body, apiVersion }: GroupCall<'TxnOffsetCommit'>): CommitCheck {
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch } = body
  if (groupId === '' || !isStorableName(groupId)) return ERROR_CODES.INVALID_GROUP_ID
  const group = findGroup(turn.state, groupId)
  if (group === undefined) return generationIdOrMemberEpoch < 0 ? ERROR_CODES.NONE : ERROR_CODES.ILLEGAL_GENERATION
  const check = group.checkOffsetCommit({ memberId, groupInstanceId, generationIdOrMemberEpoch, isTransactional: true, apiVersion })
  return typeof check === 'number' ? inWordsOfTransactions(check) : (topic, partition) => inWordsOfTransactions(check(topic, partition))
}

/** Producers know generations; of member epochs they never heard. */
function inWordsOfTransactions(errorCode: ErrorCode): ErrorCode {
  return errorCode === ERROR_CODES.STALE_MEMBER_EPOCH ? ERROR_CODES.ILLEGAL_GENERATION : errorCode
}
