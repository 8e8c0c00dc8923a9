/**
 * WriteTxnMarkers (API key 27), versions 1-2, flexible from 1.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int64, int8, string } from '../schema/field.ts'

export const writeTxnMarkersRequest = defineMessage({
  name: 'WriteTxnMarkersRequest',
  validVersions: '1-2',
  flexibleVersions: '1+',
  fields: {
    markers: array('0+', {
      producerId: int64('0+'),
      producerEpoch: int16('0+'),
      transactionResult: bool('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitionIndexes: array('0+', int32('0+')),
      }),
      coordinatorEpoch: int32('0+'),
      transactionVersion: int8('2+', { ignorable: true }),
    }),
  },
})

export const writeTxnMarkersResponse = defineMessage({
  name: 'WriteTxnMarkersResponse',
  validVersions: '1-2',
  flexibleVersions: '1+',
  fields: {
    markers: array('0+', {
      producerId: int64('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          errorCode: int16('0+'),
        }),
      }),
    }),
  },
})

export const writeTxnMarkersApi = defineApi({
  key: 27,
  name: 'WriteTxnMarkers',
  request: writeTxnMarkersRequest,
  response: writeTxnMarkersResponse,
})
