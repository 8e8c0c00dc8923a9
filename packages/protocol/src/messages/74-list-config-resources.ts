/**
 * ListConfigResources (API key 74), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int8, string } from '../schema/field.ts'

export const listConfigResourcesRequest = defineMessage({
  name: 'ListConfigResourcesRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    resourceTypes: array('1+', int8('0+')),
  },
})

export const listConfigResourcesResponse = defineMessage({
  name: 'ListConfigResourcesResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    configResources: array('0+', {
      resourceName: string('0+'),
      resourceType: int8('1+', { default: 16, ignorable: true }),
    }),
  },
})

export const listConfigResourcesApi = defineApi({
  key: 74,
  name: 'ListConfigResources',
  request: listConfigResourcesRequest,
  response: listConfigResourcesResponse,
})
