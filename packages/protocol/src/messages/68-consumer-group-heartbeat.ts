/**
 * ConsumerGroupHeartbeat (API key 68), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'

export const consumerGroupHeartbeatRequest = defineMessage({
  name: 'ConsumerGroupHeartbeatRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    groupId: string('0+'),
    memberId: string('0+'),
    memberEpoch: int32('0+'),
    instanceId: string('0+', { default: null, nullable: '0+' }),
    rackId: string('0+', { default: null, nullable: '0+' }),
    rebalanceTimeoutMs: int32('0+', { default: -1 }),
    subscribedTopicNames: array('0+', string('0+'), { default: null, nullable: '0+' }),
    subscribedTopicRegex: string('1+', { default: null, nullable: '1+' }),
    serverAssignor: string('0+', { default: null, nullable: '0+' }),
    topicPartitions: array(
      '0+',
      {
        topicId: uuid('0+'),
        partitions: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
  },
})

export const consumerGroupHeartbeatResponse = defineMessage({
  name: 'ConsumerGroupHeartbeatResponse',
  validVersions: '0-1',
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

export const consumerGroupHeartbeatApi = defineApi({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  request: consumerGroupHeartbeatRequest,
  response: consumerGroupHeartbeatResponse,
})
