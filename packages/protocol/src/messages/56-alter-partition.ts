/**
 * AlterPartition (API key 56), versions 2-3, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, int8, uuid } from '../schema/field.ts'

export const alterPartitionRequest = defineMessage({
  name: 'AlterPartitionRequest',
  validVersions: '2-3',
  flexibleVersions: '0+',
  fields: {
    brokerId: int32('0+'),
    brokerEpoch: int64('0+', { default: -1 }),
    topics: array('0+', {
      topicId: uuid('2+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        leaderEpoch: int32('0+'),
        newIsr: array('0-2', int32('0+')),
        newIsrWithEpochs: array('3+', {
          brokerId: int32('3+'),
          brokerEpoch: int64('3+', { default: -1 }),
        }),
        leaderRecoveryState: int8('1+'),
        partitionEpoch: int32('0+'),
      }),
    }),
  },
})

export const alterPartitionResponse = defineMessage({
  name: 'AlterPartitionResponse',
  validVersions: '2-3',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    topics: array('0+', {
      topicId: uuid('2+', { ignorable: true }),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        leaderId: int32('0+'),
        leaderEpoch: int32('0+'),
        isr: array('0+', int32('0+')),
        leaderRecoveryState: int8('1+', { ignorable: true }),
        partitionEpoch: int32('0+'),
      }),
    }),
  },
})

export const alterPartitionApi = defineApi({
  key: 56,
  name: 'AlterPartition',
  request: alterPartitionRequest,
  response: alterPartitionResponse,
})
