/**
 * CreateAcls (API key 30), versions 1-3, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int8, string } from '../schema/field.ts'

export const createAclsRequest = defineMessage({
  name: 'CreateAclsRequest',
  validVersions: '1-3',
  flexibleVersions: '2+',
  fields: {
    creations: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      resourcePatternType: int8('1+', { default: 3 }),
      principal: string('0+'),
      host: string('0+'),
      operation: int8('0+'),
      permissionType: int8('0+'),
    }),
  },
})

export const createAclsResponse = defineMessage({
  name: 'CreateAclsResponse',
  validVersions: '1-3',
  flexibleVersions: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
})

export const createAclsApi = defineApi({ key: 30, name: 'CreateAcls', request: createAclsRequest, response: createAclsResponse })
