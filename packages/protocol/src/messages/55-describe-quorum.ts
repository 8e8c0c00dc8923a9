/**
 * DescribeQuorum (API key 55), versions 0-2, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string, uint16, uuid } from '../schema/field.ts'

export const describeQuorumRequest = defineMessage({
  name: 'DescribeQuorumRequest',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
      }),
    }),
  },
})

export const describeQuorumResponse = defineMessage({
  name: 'DescribeQuorumResponse',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    errorCode: int16('0+'),
    errorMessage: string('2+', { nullable: '2+', ignorable: true }),
    topics: array('0+', {
      topicName: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('2+', { nullable: '2+', ignorable: true }),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        highWatermark: int64('0+'),
        currentVoters: array('0+', {
          replicaId: int32('0+'),
          replicaDirectoryId: uuid('2+'),
          logEndOffset: int64('0+'),
          lastFetchTimestamp: int64('1+', { default: -1, ignorable: true }),
          lastCaughtUpTimestamp: int64('1+', { default: -1, ignorable: true }),
        }),
        observers: array('0+', {
          replicaId: int32('0+'),
          replicaDirectoryId: uuid('2+'),
          logEndOffset: int64('0+'),
          lastFetchTimestamp: int64('1+', { default: -1, ignorable: true }),
          lastCaughtUpTimestamp: int64('1+', { default: -1, ignorable: true }),
        }),
      }),
    }),
    nodes: array('2+', {
      nodeId: int32('2+'),
      listeners: array('2+', {
        name: string('2+'),
        host: string('2+'),
        port: uint16('2+'),
      }),
    }),
  },
})

export const describeQuorumApi = defineApi({
  key: 55,
  name: 'DescribeQuorum',
  request: describeQuorumRequest,
  response: describeQuorumResponse,
})
