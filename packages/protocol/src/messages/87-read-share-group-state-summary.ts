/**
 * ReadShareGroupStateSummary (API key 87), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string, uuid } from '../schema/field.ts'

export const readShareGroupStateSummaryRequest = defineMessage({
  name: 'ReadShareGroupStateSummaryRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        leaderEpoch: int32('0+'),
      }),
    }),
  },
})

export const readShareGroupStateSummaryResponse = defineMessage({
  name: 'ReadShareGroupStateSummaryResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { default: null, nullable: '0+' }),
        stateEpoch: int32('0+'),
        leaderEpoch: int32('0+'),
        startOffset: int64('0+'),
        deliveryCompleteCount: int32('1+', { default: -1, ignorable: true }),
      }),
    }),
  },
})

export const readShareGroupStateSummaryApi = defineApi({
  key: 87,
  name: 'ReadShareGroupStateSummary',
  request: readShareGroupStateSummaryRequest,
  response: readShareGroupStateSummaryResponse,
})
