/** Is who asks by the classic protocol a member that speaks it? */
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import type { ClassicMemberMetadata } from '../../records/consumer-group-records.ts'
import type { ConsumerGroup, ConsumerGroupMember } from '../consumer-group.ts'

export interface ClassicMember {
  readonly member: ConsumerGroupMember
  readonly classic: ClassicMemberMetadata
}

export function findClassicMember(group: ConsumerGroup, memberId: string, groupInstanceId: string | null): ClassicMember | ErrorCode {
  const member = groupInstanceId === null ? group.members.get(memberId) : group.memberOfInstance(groupInstanceId)
  if (member === undefined) return ERROR_CODES.UNKNOWN_MEMBER_ID
  if (member.memberId !== memberId) return ERROR_CODES.FENCED_INSTANCE_ID
  const classic = member.metadata.classicMemberMetadata
  return classic === null ? ERROR_CODES.UNKNOWN_MEMBER_ID : { member, classic }
}

export function isClassic({ metadata }: ConsumerGroupMember): boolean {
  return metadata.classicMemberMetadata !== null
}
