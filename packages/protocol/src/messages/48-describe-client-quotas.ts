/**
 * DescribeClientQuotas (API key 48), versions 0-1, flexible from 1.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, float64, int16, int32, int8, string } from '../schema/field.ts'

export const describeClientQuotasRequest = defineMessage({
  name: 'DescribeClientQuotasRequest',
  validVersions: '0-1',
  flexibleVersions: '1+',
  fields: {
    components: array('0+', {
      entityType: string('0+'),
      matchType: int8('0+'),
      match: string('0+', { nullable: '0+' }),
    }),
    strict: bool('0+'),
  },
})

export const describeClientQuotasResponse = defineMessage({
  name: 'DescribeClientQuotasResponse',
  validVersions: '0-1',
  flexibleVersions: '1+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    entries: array(
      '0+',
      {
        entity: array('0+', {
          entityType: string('0+'),
          entityName: string('0+', { nullable: '0+' }),
        }),
        values: array('0+', {
          key: string('0+'),
          value: float64('0+'),
        }),
      },
      { nullable: '0+' },
    ),
  },
})

export const describeClientQuotasApi = defineApi({
  key: 48,
  name: 'DescribeClientQuotas',
  request: describeClientQuotasRequest,
  response: describeClientQuotasResponse,
})
