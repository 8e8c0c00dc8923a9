/**
 * DescribeShareGroupOffsets (API key 90), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string, uuid } from '../schema/field.ts'

export const describeShareGroupOffsetsRequest = defineMessage({
  name: 'DescribeShareGroupOffsetsRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    groups: array('0+', {
      groupId: string('0+'),
      topics: array(
        '0+',
        {
          topicName: string('0+'),
          partitions: array('0+', int32('0+')),
        },
        { nullable: '0+' },
      ),
    }),
  },
})

export const describeShareGroupOffsetsResponse = defineMessage({
  name: 'DescribeShareGroupOffsetsResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    groups: array('0+', {
      groupId: string('0+'),
      topics: array('0+', {
        topicName: string('0+'),
        topicId: uuid('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          startOffset: int64('0+'),
          leaderEpoch: int32('0+'),
          lag: int64('1+', { default: -1, ignorable: true }),
          errorCode: int16('0+'),
          errorMessage: string('0+', { default: null, nullable: '0+' }),
        }),
      }),
      errorCode: int16('0+'),
      errorMessage: string('0+', { default: null, nullable: '0+' }),
    }),
  },
})

export const describeShareGroupOffsetsApi = defineApi({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  request: describeShareGroupOffsetsRequest,
  response: describeShareGroupOffsetsResponse,
})
