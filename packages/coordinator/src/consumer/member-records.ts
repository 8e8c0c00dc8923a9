/** The records of one member. */
import type { ConsumerGroupRecord, MemberMetadata } from '../records/consumer-group-records.ts'
import { toRecord } from './owned-partitions.ts'
import type { CurrentAssignment } from './reconciliation.ts'

export function metadataRecord(groupId: string, memberId: string, value: MemberMetadata): ConsumerGroupRecord {
  return { type: 'consumer-group-member-metadata', key: { groupId, memberId }, value }
}

export function currentRecord(groupId: string, memberId: string, current: CurrentAssignment): ConsumerGroupRecord {
  const { memberEpoch, previousMemberEpoch, state } = current
  return {
    type: 'consumer-group-current-assignment',
    key: { groupId, memberId },
    value: {
      memberEpoch,
      previousMemberEpoch,
      state,
      assignedPartitions: toRecord(current.assigned),
      partitionsPendingRevocation: toRecord(current.pendingRevocation),
    },
  }
}

/** In the order in which a reader can do without what the next ones are about. */
export function memberTombstones(groupId: string, memberId: string): ConsumerGroupRecord[] {
  const key = { groupId, memberId }
  return [
    { type: 'consumer-group-current-assignment', key, value: null },
    { type: 'consumer-group-target-assignment-member', key, value: null },
    { type: 'consumer-group-member-metadata', key, value: null },
  ]
}
