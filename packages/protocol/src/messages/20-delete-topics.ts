/**
 * DeleteTopics (API key 20), versions 1-6, flexible from 4.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string, uuid } from '../schema/field.ts'

export const deleteTopicsRequest = defineMessage({
  name: 'DeleteTopicsRequest',
  validVersions: '1-6',
  flexibleVersions: '4+',
  fields: {
    topics: array('6+', {
      name: string('6+', { default: null, nullable: '6+' }),
      topicId: uuid('6+'),
    }),
    topicNames: array('0-5', string('0+'), { ignorable: true }),
    timeoutMs: int32('0+'),
  },
})

export const deleteTopicsResponse = defineMessage({
  name: 'DeleteTopicsResponse',
  validVersions: '1-6',
  flexibleVersions: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    responses: array('0+', {
      name: string('0+', { nullable: '6+' }),
      topicId: uuid('6+', { ignorable: true }),
      errorCode: int16('0+'),
      errorMessage: string('5+', { default: null, nullable: '5+', ignorable: true }),
    }),
  },
})

export const deleteTopicsApi = defineApi({ key: 20, name: 'DeleteTopics', request: deleteTopicsRequest, response: deleteTopicsResponse })
