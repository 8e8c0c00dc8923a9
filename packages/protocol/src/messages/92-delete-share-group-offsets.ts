/**
 * DeleteShareGroupOffsets (API key 92), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string, uuid } from '../schema/field.ts'

export const deleteShareGroupOffsetsRequest = defineMessage({
  name: 'DeleteShareGroupOffsetsRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicName: string('0+'),
    }),
  },
})

export const deleteShareGroupOffsetsResponse = defineMessage({
  name: 'DeleteShareGroupOffsetsResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { default: null, nullable: '0+' }),
    responses: array('0+', {
      topicName: string('0+'),
      topicId: uuid('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { default: null, nullable: '0+' }),
    }),
  },
})

export const deleteShareGroupOffsetsApi = defineApi({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  request: deleteShareGroupOffsetsRequest,
  response: deleteShareGroupOffsetsResponse,
})
