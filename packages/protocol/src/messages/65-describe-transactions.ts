/**
 * DescribeTransactions (API key 65), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string } from '../schema/field.ts'

export const describeTransactionsRequest = defineMessage({
  name: 'DescribeTransactionsRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    transactionalIds: array('0+', string('0+')),
  },
})

export const describeTransactionsResponse = defineMessage({
  name: 'DescribeTransactionsResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    transactionStates: array('0+', {
      errorCode: int16('0+'),
      transactionalId: string('0+'),
      transactionState: string('0+'),
      transactionTimeoutMs: int32('0+'),
      transactionStartTimeMs: int64('0+'),
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      topics: array('0+', {
        topic: string('0+'),
        partitions: array('0+', int32('0+')),
      }),
    }),
  },
})

export const describeTransactionsApi = defineApi({
  key: 65,
  name: 'DescribeTransactions',
  request: describeTransactionsRequest,
  response: describeTransactionsResponse,
})
