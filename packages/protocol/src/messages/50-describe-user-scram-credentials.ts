/**
 * DescribeUserScramCredentials (API key 50), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int8, string } from '../schema/field.ts'

export const describeUserScramCredentialsRequest = defineMessage({
  name: 'DescribeUserScramCredentialsRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    users: array(
      '0+',
      {
        name: string('0+'),
      },
      { nullable: '0+' },
    ),
  },
})

export const describeUserScramCredentialsResponse = defineMessage({
  name: 'DescribeUserScramCredentialsResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array('0+', {
      user: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      credentialInfos: array('0+', {
        mechanism: int8('0+'),
        iterations: int32('0+'),
      }),
    }),
  },
})

export const describeUserScramCredentialsApi = defineApi({
  key: 50,
  name: 'DescribeUserScramCredentials',
  request: describeUserScramCredentialsRequest,
  response: describeUserScramCredentialsResponse,
})
