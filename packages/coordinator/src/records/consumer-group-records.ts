/**
 * What consumer groups store in `__consumer_offsets`, in Kafka's format (record types 3 to 8 and 16), so that each can read what the
 * other has written. All values are written in version 0, the only one there is.
 *
 * In the order in which a joining member causes them: what the member is (5), the group's new epoch (3), who is to have what (7) and
 * as of which epoch (6), and what the member has now (8). Type 4 was replaced by the metadata hash in type 3 (KIP-1101): it is read
 * and ignored, and never written.
 */
import { array, bytes, defineMessage, int32, int64, int8, string, struct, uuid } from '@millrace/protocol'
import { defineRecord, type TypedRecord } from './record-format.ts'

const GROUP_KEY = { groupId: string('0+') }
const MEMBER_KEY = { groupId: string('0+'), memberId: string('0+') }

const VALUE = { validVersions: '0', flexibleVersions: '0+' }
const KEY = { validVersions: '0', flexibleVersions: 'none' }

const valueVersion = (): number => 0

const metadataRecord = defineRecord({
  type: 'consumer-group-metadata',
  recordType: 3,
  key: defineMessage({ ...KEY, name: 'ConsumerGroupMetadataKey', fields: GROUP_KEY }),
  value: defineMessage({
    ...VALUE,
    name: 'ConsumerGroupMetadataValue',
    fields: {
      epoch: int32('0+'),
      metadataHash: int64('0+', { default: 0, tag: 0, tagged: '0+' }),
    },
  }),
  valueVersion,
})

const partitionMetadataRecord = defineRecord({
  type: 'consumer-group-partition-metadata',
  recordType: 4,
  key: defineMessage({ ...KEY, name: 'ConsumerGroupPartitionMetadataKey', fields: GROUP_KEY }),
  value: defineMessage({
    ...VALUE,
    name: 'ConsumerGroupPartitionMetadataValue',
    fields: {
      topics: array('0+', {
        topicId: uuid('0+'),
        topicName: string('0+'),
        numPartitions: int32('0+'),
        partitionMetadata: array('0+', {
          partition: int32('0+'),
          racks: array('0+', string('0+')),
        }),
      }),
    },
  }),
  valueVersion,
})

const memberMetadataRecord = defineRecord({
  type: 'consumer-group-member-metadata',
  recordType: 5,
  key: defineMessage({ ...KEY, name: 'ConsumerGroupMemberMetadataKey', fields: MEMBER_KEY }),
  value: defineMessage({
    ...VALUE,
    name: 'ConsumerGroupMemberMetadataValue',
    fields: {
      instanceId: string('0+', { nullable: '0+' }),
      rackId: string('0+', { nullable: '0+' }),
      clientId: string('0+'),
      clientHost: string('0+'),
      subscribedTopicNames: array('0+', string('0+')),
      subscribedTopicRegex: string('0+', { nullable: '0+' }),
      rebalanceTimeoutMs: int32('0+', { default: -1 }),
      serverAssignor: string('0+', { nullable: '0+' }),
      /** Of members that speak the classic protocol. */
      classicMemberMetadata: struct(
        '0+',
        {
          sessionTimeoutMs: int32('0+'),
          supportedProtocols: array('0+', { name: string('0+'), metadata: bytes('0+') }),
        },
        { nullable: '0+', tag: 0, tagged: '0+' },
      ),
    },
  }),
  valueVersion,
})

const targetMetadataRecord = defineRecord({
  type: 'consumer-group-target-assignment-metadata',
  recordType: 6,
  key: defineMessage({ ...KEY, name: 'ConsumerGroupTargetAssignmentMetadataKey', fields: GROUP_KEY }),
  value: defineMessage({
    ...VALUE,
    name: 'ConsumerGroupTargetAssignmentMetadataValue',
    fields: {
      assignmentEpoch: int32('0+'),
      assignmentTimestamp: int64('0+', { default: 0, ignorable: true, tag: 0, tagged: '0+' }),
    },
  }),
  valueVersion,
})

const targetMemberRecord = defineRecord({
  type: 'consumer-group-target-assignment-member',
  recordType: 7,
  key: defineMessage({ ...KEY, name: 'ConsumerGroupTargetAssignmentMemberKey', fields: MEMBER_KEY }),
  value: defineMessage({
    ...VALUE,
    name: 'ConsumerGroupTargetAssignmentMemberValue',
    fields: { topicPartitions: array('0+', { topicId: uuid('0+'), partitions: array('0+', int32('0+')) }) },
  }),
  valueVersion,
})

/** With the epoch in which each partition came to the member, beside it in a list of the same length (since Kafka 4.3). */
const OWNED_PARTITIONS = {
  topicId: uuid('0+'),
  partitions: array('0+', int32('0+')),
  assignmentEpochs: array('0+', int32('0+'), { nullable: '0+', tag: 0, tagged: '0+' }),
}

const currentAssignmentRecord = defineRecord({
  type: 'consumer-group-current-assignment',
  recordType: 8,
  key: defineMessage({ ...KEY, name: 'ConsumerGroupCurrentMemberAssignmentKey', fields: MEMBER_KEY }),
  value: defineMessage({
    ...VALUE,
    name: 'ConsumerGroupCurrentMemberAssignmentValue',
    fields: {
      memberEpoch: int32('0+'),
      previousMemberEpoch: int32('0+'),
      state: int8('0+'),
      assignedPartitions: array('0+', OWNED_PARTITIONS),
      partitionsPendingRevocation: array('0+', OWNED_PARTITIONS),
    },
  }),
  valueVersion,
})

const regularExpressionRecord = defineRecord({
  type: 'consumer-group-regular-expression',
  recordType: 16,
  key: defineMessage({
    ...KEY,
    name: 'ConsumerGroupRegularExpressionKey',
    fields: { groupId: string('0+'), regularExpression: string('0+') },
  }),
  value: defineMessage({
    ...VALUE,
    name: 'ConsumerGroupRegularExpressionValue',
    fields: {
      topics: array('0+', string('0+')),
      version: int64('0+'),
      timestamp: int64('0+'),
    },
  }),
  valueVersion,
})

export const CONSUMER_GROUP_RECORD_FORMATS = [
  metadataRecord,
  partitionMetadataRecord,
  memberMetadataRecord,
  targetMetadataRecord,
  targetMemberRecord,
  currentAssignmentRecord,
  regularExpressionRecord,
] as const

export type ConsumerGroupRecord = TypedRecord<(typeof CONSUMER_GROUP_RECORD_FORMATS)[number]>

type ValueOf<Type extends ConsumerGroupRecord['type']> = NonNullable<Extract<ConsumerGroupRecord, { readonly type: Type }>['value']>

export type MemberMetadata = ValueOf<'consumer-group-member-metadata'>
export type ClassicMemberMetadata = NonNullable<MemberMetadata['classicMemberMetadata']>
export type CurrentAssignmentValue = ValueOf<'consumer-group-current-assignment'>
export type ResolvedExpression = ValueOf<'consumer-group-regular-expression'>
