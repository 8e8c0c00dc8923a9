/**
 * AddOffsetsToTxn (API key 25), versions 0-4, flexible from 3.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { int16, int32, int64, string } from '../schema/field.ts'

export const addOffsetsToTxnRequest = defineMessage({
  name: 'AddOffsetsToTxnRequest',
  validVersions: '0-4',
  flexibleVersions: '3+',
  fields: {
    transactionalId: string('0+'),
    producerId: int64('0+'),
    producerEpoch: int16('0+'),
    groupId: string('0+'),
  },
})

export const addOffsetsToTxnResponse = defineMessage({
  name: 'AddOffsetsToTxnResponse',
  validVersions: '0-4',
  flexibleVersions: '3+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
  },
})

export const addOffsetsToTxnApi = defineApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  request: addOffsetsToTxnRequest,
  response: addOffsetsToTxnResponse,
})
