/**
 * ExpireDelegationToken (API key 40), versions 1-2, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { bytes, int16, int32, int64 } from '../schema/field.ts'

export const expireDelegationTokenRequest = defineMessage({
  name: 'ExpireDelegationTokenRequest',
  validVersions: '1-2',
  flexibleVersions: '2+',
  fields: {
    hmac: bytes('0+'),
    expiryTimePeriodMs: int64('0+'),
  },
})

export const expireDelegationTokenResponse = defineMessage({
  name: 'ExpireDelegationTokenResponse',
  validVersions: '1-2',
  flexibleVersions: '2+',
  fields: {
    errorCode: int16('0+'),
    expiryTimestampMs: int64('0+'),
    throttleTimeMs: int32('0+'),
  },
})

export const expireDelegationTokenApi = defineApi({
  key: 40,
  name: 'ExpireDelegationToken',
  request: expireDelegationTokenRequest,
  response: expireDelegationTokenResponse,
})
