/**
 * CreatePartitions (API key 37), versions 0-3, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, string } from '../schema/field.ts'

export const createPartitionsRequest = defineMessage({
  name: 'CreatePartitionsRequest',
  validVersions: '0-3',
  flexibleVersions: '2+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      count: int32('0+'),
      assignments: array(
        '0+',
        {
          brokerIds: array('0+', int32('0+')),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32('0+'),
    validateOnly: bool('0+'),
  },
})

export const createPartitionsResponse = defineMessage({
  name: 'CreatePartitionsResponse',
  validVersions: '0-3',
  flexibleVersions: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      name: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { default: null, nullable: '0+' }),
    }),
  },
})

export const createPartitionsApi = defineApi({
  key: 37,
  name: 'CreatePartitions',
  request: createPartitionsRequest,
  response: createPartitionsResponse,
})
