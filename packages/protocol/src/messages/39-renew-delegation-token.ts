/**
 * RenewDelegationToken (API key 39), versions 1-2, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { bytes, int16, int32, int64 } from '../schema/field.ts'

export const renewDelegationTokenRequest = defineMessage({
  name: 'RenewDelegationTokenRequest',
  validVersions: '1-2',
  flexibleVersions: '2+',
  fields: {
    hmac: bytes('0+'),
    renewPeriodMs: int64('0+'),
  },
})

export const renewDelegationTokenResponse = defineMessage({
  name: 'RenewDelegationTokenResponse',
  validVersions: '1-2',
  flexibleVersions: '2+',
  fields: {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+'),
  },
})

export const renewDelegationTokenApi = defineApi({
  key: 39,
  name: 'RenewDelegationToken',
  request: renewDelegationTokenRequest,
  response: renewDelegationTokenResponse,
})
