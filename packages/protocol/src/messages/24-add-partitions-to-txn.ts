/**
 * AddPartitionsToTxn (API key 24), versions 0-5, flexible from 3.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int64, string } from '../schema/field.ts'

export const addPartitionsToTxnRequest = defineMessage({
  name: 'AddPartitionsToTxnRequest',
  validVersions: '0-5',
  flexibleVersions: '3+',
  fields: {
    transactions: array('4+', {
      transactionalId: string('4+'),
      producerId: int64('4+'),
      producerEpoch: int16('4+'),
      verifyOnly: bool('4+'),
      topics: array('4+', {
        name: string('0+'),
        partitions: array('0+', int32('0+')),
      }),
    }),
    v3AndBelowTransactionalId: string('0-3'),
    v3AndBelowProducerId: int64('0-3'),
    v3AndBelowProducerEpoch: int16('0-3'),
    v3AndBelowTopics: array('0-3', {
      name: string('0+'),
      partitions: array('0+', int32('0+')),
    }),
  },
})

export const addPartitionsToTxnResponse = defineMessage({
  name: 'AddPartitionsToTxnResponse',
  validVersions: '0-5',
  flexibleVersions: '3+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('4+', { ignorable: true }),
    resultsByTransaction: array('4+', {
      transactionalId: string('4+'),
      topicResults: array('4+', {
        name: string('0+'),
        resultsByPartition: array('0+', {
          partitionIndex: int32('0+'),
          partitionErrorCode: int16('0+'),
        }),
      }),
    }),
    resultsByTopicV3AndBelow: array('0-3', {
      name: string('0+'),
      resultsByPartition: array('0+', {
        partitionIndex: int32('0+'),
        partitionErrorCode: int16('0+'),
      }),
    }),
  },
})

export const addPartitionsToTxnApi = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  request: addPartitionsToTxnRequest,
  response: addPartitionsToTxnResponse,
})
