/**
 * Who may commit and fetch offsets of a consumer group: its members, in their epoch, and anybody when it has none.
 *
 * A member may also commit with an epoch that has passed, for partitions that were its own at that epoch and still are: nobody else
 * can have read them since (KIP-1251). So a commit that crosses a rebalance is not lost.
 */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { CommitCheck, CommitClaim, FetchClaim } from '../group/group.ts'
import type { ConsumerGroupMember } from './consumer-group.ts'

type Members = ReadonlyMap<string, ConsumerGroupMember>

/** The first version of OffsetCommit that knows member epochs. */
const MEMBER_EPOCH_VERSION = 9

export function checkCommit(members: Members, claim: CommitClaim): CommitCheck {
  const epoch = claim.generationIdOrMemberEpoch
  if (epoch < 0 && members.size === 0) return ERROR_CODES.NONE
  const member = members.get(claim.memberId)
  if (member === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
  const isClassic = member.metadata.classicMemberMetadata !== null
  if (!claim.isTransactional && !isClassic && claim.apiVersion < MEMBER_EPOCH_VERSION) return ERROR_CODES.UNSUPPORTED_VERSION
  const { memberEpoch } = member.current
  if (epoch === memberEpoch) return ERROR_CODES.NONE
  if (isClassic) return ERROR_CODES.ILLEGAL_GENERATION
  if (epoch > memberEpoch) return ERROR_CODES.STALE_MEMBER_EPOCH
  return ({ id }, partition) => (hasHadSince(member, id, partition, epoch) ? ERROR_CODES.NONE : ERROR_CODES.STALE_MEMBER_EPOCH)
}

function hasHadSince({ current }: ConsumerGroupMember, topicId: string, partition: number, epoch: number): boolean {
  const since = current.assigned.get(topicId)?.get(partition) ?? current.pendingRevocation.get(topicId)?.get(partition)
  return since !== undefined && since <= epoch
}

/** Without a member id and an epoch it is a tool that asks, or a client that does not say. */
export function checkFetch(members: Members, { memberId, memberEpoch }: FetchClaim): ErrorCode {
  if (memberId === null && memberEpoch < 0) return ERROR_CODES.NONE
  const member = members.get(memberId ?? '')
  if (member === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
  if (memberEpoch === member.current.memberEpoch) return ERROR_CODES.NONE
  return member.metadata.classicMemberMetadata === null ? ERROR_CODES.STALE_MEMBER_EPOCH : ERROR_CODES.ILLEGAL_GENERATION
}
