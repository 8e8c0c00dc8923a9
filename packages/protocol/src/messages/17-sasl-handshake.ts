/**
 * SaslHandshake (API key 17), versions 0-1, never flexible.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, string } from '../schema/field.ts'

export const saslHandshakeRequest = defineMessage({
  name: 'SaslHandshakeRequest',
  validVersions: '0-1',
  flexibleVersions: 'none',
  fields: {
    mechanism: string('0+'),
  },
})

export const saslHandshakeResponse = defineMessage({
  name: 'SaslHandshakeResponse',
  validVersions: '0-1',
  flexibleVersions: 'none',
  fields: {
    errorCode: int16('0+'),
    mechanisms: array('0+', string('0+')),
  },
})

export const saslHandshakeApi = defineApi({
  key: 17,
  name: 'SaslHandshake',
  request: saslHandshakeRequest,
  response: saslHandshakeResponse,
})
