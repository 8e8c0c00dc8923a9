/**
 * SaslAuthenticate (API key 36), versions 0-2, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { bytes, int16, int64, string } from '../schema/field.ts'

export const saslAuthenticateRequest = defineMessage({
  name: 'SaslAuthenticateRequest',
  validVersions: '0-2',
  flexibleVersions: '2+',
  fields: {
    authBytes: bytes('0+'),
  },
})

export const saslAuthenticateResponse = defineMessage({
  name: 'SaslAuthenticateResponse',
  validVersions: '0-2',
  flexibleVersions: '2+',
  fields: {
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    authBytes: bytes('0+'),
    sessionLifetimeMs: int64('1+', { ignorable: true }),
  },
})

export const saslAuthenticateApi = defineApi({
  key: 36,
  name: 'SaslAuthenticate',
  request: saslAuthenticateRequest,
  response: saslAuthenticateResponse,
})
