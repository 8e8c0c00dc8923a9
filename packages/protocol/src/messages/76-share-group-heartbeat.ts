/**
 * ShareGroupHeartbeat (API key 76), versions 1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'

export const shareGroupHeartbeatRequest = defineMessage({
  name: 'ShareGroupHeartbeatRequest',
  validVersions: '1',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    rackId: string('0+', { default: null, nullable: '0+' }),
    subscribedTopicNames: array('0+', string('0+'), { default: null, nullable: '0+' }),
  },
})

export const shareGroupHeartbeatResponse = defineMessage({
  name: 'ShareGroupHeartbeatResponse',
  validVersions: '1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { default: null, nullable: '0+' }),
    memberId: string('0+', { default: null, nullable: '0+' }),
    memberEpoch: int32('0+'),
    heartbeatIntervalMs: int32('0+'),
    assignment: struct(
      '0+',
      {
        topicPartitions: array('0+', {
          topicId: uuid('0+'),
          partitions: array('0+', int32('0+')),
        }),
      },
      { default: null, nullable: '0+' },
    ),
  },
})

export const shareGroupHeartbeatApi = defineApi({
  key: 76,
  name: 'ShareGroupHeartbeat',
  request: shareGroupHeartbeatRequest,
  response: shareGroupHeartbeatResponse,
})
