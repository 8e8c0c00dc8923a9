/**
 * DeleteShareGroupState (API key 86), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string, uuid } from '../schema/field.ts'

export const deleteShareGroupStateRequest = defineMessage({
  name: 'DeleteShareGroupStateRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicId: uuid('0+'),
      partitions: array('0+', {
        partition: int32('0+'),
      }),
    }),
  },
})

export const deleteShareGroupStateResponse = defineMessage({
  name: 'DeleteShareGroupStateResponse',
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

export const deleteShareGroupStateApi = defineApi({
  key: 86,
  name: 'DeleteShareGroupState',
  request: deleteShareGroupStateRequest,
  response: deleteShareGroupStateResponse,
})
