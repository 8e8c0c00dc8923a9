/**
 * ShareGroupDescribe (API key 77), versions 1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, string, struct, uuid } from '../schema/field.ts'

export const shareGroupDescribeRequest = defineMessage({
  name: 'ShareGroupDescribeRequest',
  validVersions: '1',
  flexibleVersions: '0+',
  fields: {
    groupIds: array('0+', string('0+')),
    includeAuthorizedOperations: bool('0+'),
  },
})

export const shareGroupDescribeResponse = defineMessage({
  name: 'ShareGroupDescribeResponse',
  validVersions: '1',
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
        rackId: string('0+', { default: null, nullable: '0+' }),
        memberEpoch: int32('0+'),
        clientId: string('0+'),
        clientHost: string('0+'),
        subscribedTopicNames: array('0+', string('0+')),
        assignment: struct('0+', {
          topicPartitions: array('0+', {
            topicId: uuid('0+'),
            topicName: string('0+'),
            partitions: array('0+', int32('0+')),
          }),
        }),
      }),
      authorizedOperations: int32('0+', { default: -2147483648 }),
    }),
  },
})

export const shareGroupDescribeApi = defineApi({
  key: 77,
  name: 'ShareGroupDescribe',
  request: shareGroupDescribeRequest,
  response: shareGroupDescribeResponse,
})
