/**
 * UnregisterController (API key 94), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { int16, int32, string } from '../schema/field.ts'

export const unregisterControllerRequest = defineMessage({
  name: 'UnregisterControllerRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    controllerId: int32('0+'),
  },
})

export const unregisterControllerResponse = defineMessage({
  name: 'UnregisterControllerResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
  },
})

export const unregisterControllerApi = defineApi({
  key: 94,
  name: 'UnregisterController',
  request: unregisterControllerRequest,
  response: unregisterControllerResponse,
})
