/**
 * DescribeGroups (API key 15), versions 0-6, flexible from 5.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, bytes, int16, int32, string } from '../schema/field.ts'

export const describeGroupsRequest = defineMessage({
  name: 'DescribeGroupsRequest',
  validVersions: '0-6',
  flexibleVersions: '5+',
  fields: {
    groups: array('0+', string('0+')),
    includeAuthorizedOperations: bool('3+'),
  },
})

export const describeGroupsResponse = defineMessage({
  name: 'DescribeGroupsResponse',
  validVersions: '0-6',
  flexibleVersions: '5+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('6+', { default: null, nullable: '6+' }),
      groupId: string('0+'),
      groupState: string('0+'),
      protocolType: string('0+'),
      protocolData: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        groupInstanceId: string('4+', { default: null, nullable: '4+', ignorable: true }),
        clientId: string('0+'),
        clientHost: string('0+'),
        memberMetadata: bytes('0+'),
        memberAssignment: bytes('0+'),
      }),
      authorizedOperations: int32('3+', { default: -2147483648 }),
    }),
  },
})

export const describeGroupsApi = defineApi({
  key: 15,
  name: 'DescribeGroups',
  request: describeGroupsRequest,
  response: describeGroupsResponse,
})
