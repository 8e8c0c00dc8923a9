/**
 * InitializeShareGroupState (API key 83), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string, uuid } from '../schema/field.ts'

export const initializeShareGroupStateRequest = defineMessage({
  name: 'InitializeShareGroupStateRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        stateEpoch: int32('0+'),
        startOffset: int64('0+'),
      }),
    }),
  },
})

export const initializeShareGroupStateResponse = defineMessage({
  name: 'InitializeShareGroupStateResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    results: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { default: null, nullable: '0+' }),
      }),
    }),
  },
})

export const initializeShareGroupStateApi = defineApi({
  key: 83,
  name: 'InitializeShareGroupState',
  request: initializeShareGroupStateRequest,
  response: initializeShareGroupStateResponse,
})
