/**
 * JoinGroup (API key 11), versions 0-9, flexible from 6.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, bytes, int16, int32, string } from '../schema/field.ts'

export const joinGroupRequest = defineMessage({
  name: 'JoinGroupRequest',
  validVersions: '0-9',
  flexibleVersions: '6+',
  fields: {
    groupId: string('0+'),
    sessionTimeoutMs: int32('0+'),
    rebalanceTimeoutMs: int32('1+', { default: -1, ignorable: true }),
    memberId: string('0+'),
    groupInstanceId: string('5+', { default: null, nullable: '5+' }),
    protocolType: string('0+'),
    protocols: array('0+', {
      name: string('0+'),
      metadata: bytes('0+'),
    }),
    reason: string('8+', { default: null, nullable: '8+', ignorable: true }),
  },
})

export const joinGroupResponse = defineMessage({
  name: 'JoinGroupResponse',
  validVersions: '0-9',
  flexibleVersions: '6+',
  fields: {
    throttleTimeMs: int32('2+', { ignorable: true }),
    errorCode: int16('0+'),
    generationId: int32('0+', { default: -1 }),
    protocolType: string('7+', { default: null, nullable: '7+', ignorable: true }),
    protocolName: string('0+', { nullable: '7+' }),
    leader: string('0+'),
    skipAssignment: bool('9+'),
    memberId: string('0+'),
    members: array('0+', {
      memberId: string('0+'),
      groupInstanceId: string('5+', { default: null, nullable: '5+', ignorable: true }),
      metadata: bytes('0+'),
    }),
  },
})

export const joinGroupApi = defineApi({ key: 11, name: 'JoinGroup', request: joinGroupRequest, response: joinGroupResponse })
