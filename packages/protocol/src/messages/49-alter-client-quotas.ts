/**
 * AlterClientQuotas (API key 49), versions 0-1, flexible from 1.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, float64, int16, int32, string } from '../schema/field.ts'

export const alterClientQuotasRequest = defineMessage({
  name: 'AlterClientQuotasRequest',
  validVersions: '0-1',
  flexibleVersions: '1+',
  fields: {
    entries: array('0+', {
      entity: array('0+', {
        entityType: string('0+'),
        entityName: string('0+', { nullable: '0+' }),
      }),
      ops: array('0+', {
        key: string('0+'),
        value: float64('0+'),
        remove: bool('0+'),
      }),
    }),
    validateOnly: bool('0+'),
  },
})

export const alterClientQuotasResponse = defineMessage({
  name: 'AlterClientQuotasResponse',
  validVersions: '0-1',
  flexibleVersions: '1+',
  fields: {
    throttleTimeMs: int32('0+'),
    entries: array('0+', {
      errorCode: int16('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      entity: array('0+', {
        entityType: string('0+'),
        entityName: string('0+', { nullable: '0+' }),
      }),
    }),
  },
})

export const alterClientQuotasApi = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  request: alterClientQuotasRequest,
  response: alterClientQuotasResponse,
})
