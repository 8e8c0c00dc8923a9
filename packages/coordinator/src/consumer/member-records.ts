/** The records of one member. */
import type { ConsumerGroupRecord, MemberMetadata } from '../records/consumer-group-records.ts'
import type { GroupTurn } from '../group/turn.ts'
import { recordSizeBound } from '../records/record-size.ts'
import { toRecord } from './owned-partitions.ts'
import type { CurrentAssignment } from './reconciliation.ts'

export function metadataRecord(groupId: string, memberId: string, value: MemberMetadata): ConsumerGroupRecord {
  return { type: 'consumer-group-member-metadata', key: { groupId, memberId }, value }
}

/** What members say of themselves is written with much else, and kept for as long as they are members. */
const METADATA_SHARE_OF_BATCH = 1 / 8

export function hasRoomFor(turn: GroupTurn, metadata: MemberMetadata): boolean {
  return recordSizeBound(metadataRecord('', '', metadata)) <= turn.settings.maxBatchBytes * METADATA_SHARE_OF_BATCH
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
