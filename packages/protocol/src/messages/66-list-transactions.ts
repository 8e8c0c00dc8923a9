/**
 * ListTransactions (API key 66), versions 0-2, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int64, string } from '../schema/field.ts'

export const listTransactionsRequest = defineMessage({
  name: 'ListTransactionsRequest',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    stateFilters: array('0+', string('0+')),
    producerIdFilters: array('0+', int64('0+')),
    durationFilter: int64('1+', { default: -1 }),
    transactionalIdPattern: string('2+', { default: null, nullable: '2+' }),
  },
})

export const listTransactionsResponse = defineMessage({
  name: 'ListTransactionsResponse',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    unknownStateFilters: array('0+', string('0+')),
    transactionStates: array('0+', {
      transactionalId: string('0+'),
      producerId: int64('0+'),
      transactionState: string('0+'),
    }),
  },
})

export const listTransactionsApi = defineApi({
  key: 66,
  name: 'ListTransactions',
  request: listTransactionsRequest,
  response: listTransactionsResponse,
})
