/**
 * SyncGroup (API key 14), versions 0-5, flexible from 4.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bytes, int16, int32, string } from '../schema/field.ts'

export const syncGroupRequest = defineMessage({
  name: 'SyncGroupRequest',
  validVersions: '0-5',
  flexibleVersions: '4+',
  fields: {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { default: null, nullable: '3+' }),
    protocolType: string('5+', { default: null, nullable: '5+', ignorable: true }),
    protocolName: string('5+', { default: null, nullable: '5+', ignorable: true }),
    assignments: array('0+', {
      memberId: string('0+'),
      assignment: bytes('0+'),
    }),
  },
})

export const syncGroupResponse = defineMessage({
  name: 'SyncGroupResponse',
  validVersions: '0-5',
  flexibleVersions: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    protocolType: string('5+', { default: null, nullable: '5+', ignorable: true }),
    protocolName: string('5+', { default: null, nullable: '5+', ignorable: true }),
    assignment: bytes('0+'),
  },
})

export const syncGroupApi = defineApi({ key: 14, name: 'SyncGroup', request: syncGroupRequest, response: syncGroupResponse })
