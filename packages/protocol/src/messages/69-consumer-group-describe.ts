/**
 * ConsumerGroupDescribe (API key 69), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int8, string, struct, uuid } from '../schema/field.ts'

export const consumerGroupDescribeRequest = defineMessage({
  name: 'ConsumerGroupDescribeRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    groupIds: array('0+', string('0+')),
    includeAuthorizedOperations: bool('0+'),
  },
})

export const consumerGroupDescribeResponse = defineMessage({
  name: 'ConsumerGroupDescribeResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    groups: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { default: null, nullable: '0+' }),
      groupId: string('0+'),
      groupState: string('0+'),
      groupEpoch: int32('0+'),
      assignmentEpoch: int32('0+'),
      assignorName: string('0+'),
      members: array('0+', {
        memberId: string('0+'),
        instanceId: string('0+', { default: null, nullable: '0+' }),
        rackId: string('0+', { default: null, nullable: '0+' }),
        memberEpoch: int32('0+'),
        clientId: string('0+'),
        clientHost: string('0+'),
        subscribedTopicNames: array('0+', string('0+')),
        subscribedTopicRegex: string('0+', { default: null, nullable: '0+' }),
        assignment: struct('0+', {
          topicPartitions: array('0+', {
            topicId: uuid('0+'),
            topicName: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
        }),
        targetAssignment: struct('0+', {
          topicPartitions: array('0+', {
            topicId: uuid('0+'),
            topicName: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
        }),
        memberType: int8('1+', { default: -1, ignorable: true }),
      }),
      authorizedOperations: int32('0+', { default: -2147483648 }),
    }),
  },
})

export const consumerGroupDescribeApi = defineApi({
  key: 69,
  name: 'ConsumerGroupDescribe',
  request: consumerGroupDescribeRequest,
  response: consumerGroupDescribeResponse,
})
