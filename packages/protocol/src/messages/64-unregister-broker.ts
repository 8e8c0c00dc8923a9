/**
 * UnregisterBroker (API key 64), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { int16, int32, string } from '../schema/field.ts'

export const unregisterBrokerRequest = defineMessage({
  name: 'UnregisterBrokerRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    brokerId: int32('0+'),
  },
})

export const unregisterBrokerResponse = defineMessage({
  name: 'UnregisterBrokerResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
  },
})

export const unregisterBrokerApi = defineApi({
  key: 64,
  name: 'UnregisterBroker',
  request: unregisterBrokerRequest,
  response: unregisterBrokerResponse,
})
