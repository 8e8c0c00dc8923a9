/**
 * TxnOffsetCommit (API key 28), versions 0-6, flexible from 3.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string, uuid } from '../schema/field.ts'

export const txnOffsetCommitRequest = defineMessage({
  name: 'TxnOffsetCommitRequest',
  validVersions: '0-6',
  flexibleVersions: '3+',
  fields: {
    transactionalId: string('0+'),
    groupId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    generationIdOrMemberEpoch: int32('3+', { default: -1 }),
    memberId: string('3+'),
    groupInstanceId: string('3+', { default: null, nullable: '3+' }),
    topics: array('0+', {
      name: string('0-5', { ignorable: true }),
      topicId: uuid('6+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        committedOffset: int64('0+'),
        committedLeaderEpoch: int32('2+', { default: -1, ignorable: true }),
        committedMetadata: string('0+', { nullable: '0+' }),
      }),
    }),
  },
})

export const txnOffsetCommitResponse = defineMessage({
  name: 'TxnOffsetCommitResponse',
  validVersions: '0-6',
  flexibleVersions: '3+',
  fields: {
    throttleTimeMs: int32('0+'),
    topics: array('0+', {
      name: string('0-5', { ignorable: true }),
      topicId: uuid('6+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
      }),
    }),
  },
})

export const txnOffsetCommitApi = defineApi({
  key: 28,
  name: 'TxnOffsetCommit',
  request: txnOffsetCommitRequest,
  response: txnOffsetCommitResponse,
})
