/**
 * LeaveGroup (API key 13), versions 0-5, flexible from 4.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string } from '../schema/field.ts'

export const leaveGroupRequest = defineMessage({
  name: 'LeaveGroupRequest',
  validVersions: '0-5',
  flexibleVersions: '4+',
  fields: {
    groupId: string('0+'),
    memberId: string('0-2'),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+', { default: null, nullable: '3+' }),
      reason: string('5+', { default: null, nullable: '5+', ignorable: true }),
    }),
  },
})

export const leaveGroupResponse = defineMessage({
  name: 'LeaveGroupResponse',
  validVersions: '0-5',
  flexibleVersions: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    members: array('3+', {
      memberId: string('3+'),
      groupInstanceId: string('3+', { nullable: '3+' }),
      errorCode: int16('3+'),
    }),
  },
})

export const leaveGroupApi = defineApi({ key: 13, name: 'LeaveGroup', request: leaveGroupRequest, response: leaveGroupResponse })
