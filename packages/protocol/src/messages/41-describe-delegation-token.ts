/**
 * DescribeDelegationToken (API key 41), versions 1-3, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bytes, int16, int32, int64, string } from '../schema/field.ts'

export const describeDelegationTokenRequest = defineMessage({
  name: 'DescribeDelegationTokenRequest',
  validVersions: '1-3',
  flexibleVersions: '2+',
  fields: {
    owners: array(
      '0+',
      {
        principalType: string('0+'),
        principalName: string('0+'),
      },
      { nullable: '0+' },
    ),
  },
})

export const describeDelegationTokenResponse = defineMessage({
  name: 'DescribeDelegationTokenResponse',
  validVersions: '1-3',
  flexibleVersions: '2+',
  fields: {
    errorCode: int16('0+'),
    tokens: array('0+', {
      principalType: string('0+'),
      principalName: string('0+'),
      tokenRequesterPrincipalType: string('3+'),
      tokenRequesterPrincipalName: string('3+'),
      issueTimestamp: int64('0+'),
      expiryTimestamp: int64('0+'),
      maxTimestamp: int64('0+'),
      tokenId: string('0+'),
      hmac: bytes('0+'),
      renewers: array('0+', {
        principalType: string('0+'),
        principalName: string('0+'),
      }),
    }),
    throttleTimeMs: int32('0+'),
  },
})

export const describeDelegationTokenApi = defineApi({
  key: 41,
  name: 'DescribeDelegationToken',
  request: describeDelegationTokenRequest,
  response: describeDelegationTokenResponse,
})
