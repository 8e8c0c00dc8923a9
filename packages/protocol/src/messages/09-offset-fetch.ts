/**
 * OffsetFetch (API key 9), versions 1-10, flexible from 6.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int64, string, uuid } from '../schema/field.ts'

export const offsetFetchRequest = defineMessage({
  name: 'OffsetFetchRequest',
  validVersions: '1-10',
  flexibleVersions: '6+',
  fields: {
    groupId: string('0-7'),
    topics: array(
      '0-7',
      {
        name: string('0-7'),
        partitionIndexes: array('0-7', int32('0+')),
      },
      { nullable: '2-7' },
    ),
    groups: array('8+', {
      groupId: string('8+'),
      memberId: string('9+', { default: null, nullable: '9+', ignorable: true }),
      memberEpoch: int32('9+', { default: -1, ignorable: true }),
      topics: array(
        '8+',
        {
          name: string('8-9', { ignorable: true }),
          topicId: uuid('10+', { ignorable: true }),
          partitionIndexes: array('8+', int32('0+')),
        },
        { nullable: '8+' },
      ),
    }),
    requireStable: bool('7+'),
  },
})

export const offsetFetchResponse = defineMessage({
  name: 'OffsetFetchResponse',
  validVersions: '1-10',
  flexibleVersions: '6+',
  fields: {
    throttleTimeMs: int32('3+', { ignorable: true }),
    topics: array('0-7', {
      name: string('0-7'),
      partitions: array('0-7', {
        partitionIndex: int32('0-7'),
        committedOffset: int64('0-7'),
        committedLeaderEpoch: int32('5-7', { default: -1, ignorable: true }),
        metadata: string('0-7', { nullable: '0-7' }),
        errorCode: int16('0-7'),
      }),
    }),
    errorCode: int16('2-7', { ignorable: true }),
    groups: array('8+', {
      groupId: string('8+'),
      topics: array('8+', {
        name: string('8-9', { ignorable: true }),
        topicId: uuid('10+', { ignorable: true }),
        partitions: array('8+', {
          partitionIndex: int32('8+'),
          committedOffset: int64('8+'),
          committedLeaderEpoch: int32('8+', { default: -1, ignorable: true }),
          metadata: string('8+', { nullable: '8+' }),
          errorCode: int16('8+'),
        }),
      }),
      errorCode: int16('8+'),
    }),
  },
})

export const offsetFetchApi = defineApi({ key: 9, name: 'OffsetFetch', request: offsetFetchRequest, response: offsetFetchResponse })
