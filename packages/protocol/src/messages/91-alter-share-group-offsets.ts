/**
 * AlterShareGroupOffsets (API key 91), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string, uuid } from '../schema/field.ts'

export const alterShareGroupOffsetsRequest = defineMessage({
  name: 'AlterShareGroupOffsetsRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        startOffset: int64('0+'),
      }),
    }),
  },
})

export const alterShareGroupOffsetsResponse = defineMessage({
  name: 'AlterShareGroupOffsetsResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { default: null, nullable: '0+' }),
    responses: array('0+', {
      topicName: string('0+'),
      topicId: uuid('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { default: null, nullable: '0+' }),
      }),
    }),
  },
})

export const alterShareGroupOffsetsApi = defineApi({
  key: 91,
  name: 'AlterShareGroupOffsets',
  request: alterShareGroupOffsetsRequest,
  response: alterShareGroupOffsetsResponse,
})
