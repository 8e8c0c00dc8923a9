/**
 * ReadShareGroupState (API key 84), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, int8, string, uuid } from '../schema/field.ts'

export const readShareGroupStateRequest = defineMessage({
  name: 'ReadShareGroupStateRequest',
  validVersions: '0',
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

export const readShareGroupStateResponse = defineMessage({
  name: 'ReadShareGroupStateResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { default: null, nullable: '0+' }),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
        stateBatches: array('0+', {
          firstOffset: int64('0+'),
          lastOffset: int64('0+'),
          deliveryState: int8('0+'),
          deliveryCount: int16('0+'),
        }),
      }),
    }),
  },
})

export const readShareGroupStateApi = defineApi({
  key: 84,
  name: 'ReadShareGroupState',
  request: readShareGroupStateRequest,
  response: readShareGroupStateResponse,
})
