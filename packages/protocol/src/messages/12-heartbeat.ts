/**
 * Heartbeat (API key 12), versions 0-4, flexible from 4.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { int16, int32, string } from '../schema/field.ts'

export const heartbeatRequest = defineMessage({
  name: 'HeartbeatRequest',
  validVersions: '0-4',
  flexibleVersions: '4+',
  fields: {
    groupId: string('0+'),
    generationId: int32('0+'),
    memberId: string('0+'),
    groupInstanceId: string('3+', { default: null, nullable: '3+' }),
  },
})

export const heartbeatResponse = defineMessage({
  name: 'HeartbeatResponse',
  validVersions: '0-4',
  flexibleVersions: '4+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
  },
})

export const heartbeatApi = defineApi({ key: 12, name: 'Heartbeat', request: heartbeatRequest, response: heartbeatResponse })
