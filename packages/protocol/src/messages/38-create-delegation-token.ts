/**
 * CreateDelegationToken (API key 38), versions 1-3, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bytes, int16, int32, int64, string } from '../schema/field.ts'

export const createDelegationTokenRequest = defineMessage({
  name: 'CreateDelegationTokenRequest',
  validVersions: '1-3',
  flexibleVersions: '2+',
  fields: {
    ownerPrincipalType: string('3+', { nullable: '3+' }),
    ownerPrincipalName: string('3+', { nullable: '3+' }),
    renewers: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
    }),
    maxLifetimeMs: int64('0+'),
  },
})

export const createDelegationTokenResponse = defineMessage({
  name: 'CreateDelegationTokenResponse',
  validVersions: '1-3',
  flexibleVersions: '2+',
  fields: {
    errorCode: int16('0+'),
    principalType: string('0+'),
    principalName: string('0+'),
    tokenRequesterPrincipalType: string('3+'),
    tokenRequesterPrincipalName: string('3+'),
    issueTimestampMs: int64('0+'),
    expiryTimestampMs: int64('0+'),
    maxTimestampMs: int64('0+'),
    tokenId: string('0+'),
    hmac: bytes('0+'),
    throttleTimeMs: int32('0+'),
  },
})

export const createDelegationTokenApi = defineApi({
  key: 38,
  name: 'CreateDelegationToken',
  request: createDelegationTokenRequest,
  response: createDelegationTokenResponse,
})
