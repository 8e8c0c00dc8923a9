/**
 * DescribeTopicPartitions (API key 75), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, string, struct, uuid } from '../schema/field.ts'

export const describeTopicPartitionsRequest = defineMessage({
  name: 'DescribeTopicPartitionsRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
    }),
    responsePartitionLimit: int32('0+', { default: 2000 }),
    cursor: struct(
      '0+',
      {
        topicName: string('0+'),
        partitionIndex: int32('0+'),
      },
      { default: null, nullable: '0+' },
    ),
  },
})

export const describeTopicPartitionsResponse = defineMessage({
  name: 'DescribeTopicPartitionsResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+', { ignorable: true }),
    topics: array('0+', {
      errorCode: int16('0+'),
      name: string('0+', { nullable: '0+' }),
      topicId: uuid('0+', { ignorable: true }),
      isInternal: bool('0+', { ignorable: true }),
      partitions: array('0+', {
        errorCode: int16('0+'),
        partitionIndex: int32('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+', { default: -1, ignorable: true }),
        replicaNodes: array('0+', int32('0+')),
        isrNodes: array('0+', int32('0+')),
        eligibleLeaderReplicas: array('0+', int32('0+'), { default: null, nullable: '0+' }),
        lastKnownElr: array('0+', int32('0+'), { default: null, nullable: '0+' }),
        offlineReplicas: array('0+', int32('0+'), { ignorable: true }),
      }),
      topicAuthorizedOperations: int32('0+', { default: -2147483648 }),
    }),
    nextCursor: struct(
      '0+',
      {
        topicName: string('0+'),
        partitionIndex: int32('0+'),
      },
      { default: null, nullable: '0+' },
    ),
  },
})

export const describeTopicPartitionsApi = defineApi({
  key: 75,
  name: 'DescribeTopicPartitions',
  request: describeTopicPartitionsRequest,
  response: describeTopicPartitionsResponse,
})
