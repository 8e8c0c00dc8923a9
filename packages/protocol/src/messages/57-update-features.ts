/**
 * UpdateFeatures (API key 57), versions 0-2, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int8, string } from '../schema/field.ts'

export const updateFeaturesRequest = defineMessage({
  name: 'UpdateFeaturesRequest',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    timeoutMs: int32('0+', { default: 60000 }),
    featureUpdates: array('0+', {
      feature: string('0+'),
      maxVersionLevel: int16('0+'),
      allowDowngrade: bool('0'),
      upgradeType: int8('1+', { default: 1 }),
    }),
    validateOnly: bool('1+'),
  },
})

export const updateFeaturesResponse = defineMessage({
  name: 'UpdateFeaturesResponse',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array(
      '0-1',
      {
        feature: string('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      },
      { ignorable: true },
    ),
  },
})

export const updateFeaturesApi = defineApi({
  key: 57,
  name: 'UpdateFeatures',
  request: updateFeaturesRequest,
  response: updateFeaturesResponse,
})
