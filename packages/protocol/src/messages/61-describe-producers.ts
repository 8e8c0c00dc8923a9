/**
 * DescribeProducers (API key 61), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string } from '../schema/field.ts'

export const describeProducersRequest = defineMessage({
  name: 'DescribeProducersRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      partitionIndexes: array('0+', int32('0+')),
    }),
  },
})

export const describeProducersResponse = defineMessage({
  name: 'DescribeProducersResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { default: null, nullable: '0+' }),
        activeProducers: array('0+', {
          producerId: int64('0+'),
          producerEpoch: int32('0+'),
          lastSequence: int32('0+', { default: -1 }),
          lastTimestamp: int64('0+', { default: -1 }),
          coordinatorEpoch: int32('0+'),
          currentTxnStartOffset: int64('0+', { default: -1 }),
        }),
      }),
    }),
  },
})

export const describeProducersApi = defineApi({
  key: 61,
  name: 'DescribeProducers',
  request: describeProducersRequest,
  response: describeProducersResponse,
})
