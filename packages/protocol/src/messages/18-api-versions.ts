/**
 * ApiVersions (API key 18), versions 0-5, flexible from 3.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int64, string } from '../schema/field.ts'

export const apiVersionsRequest = defineMessage({
  name: 'ApiVersionsRequest',
  validVersions: '0-5',
  flexibleVersions: '3+',
  fields: {
    clientSoftwareName: string('3+', { ignorable: true }),
    clientSoftwareVersion: string('3+', { ignorable: true }),
    clusterId: string('5+', { default: null, nullable: '5+', ignorable: true }),
    nodeId: int32('5+', { default: -1, ignorable: true }),
  },
})

export const apiVersionsResponse = defineMessage({
  name: 'ApiVersionsResponse',
  validVersions: '0-5',
  flexibleVersions: '3+',
  fields: {
    errorCode: int16('0+'),
    apiKeys: array('0+', {
      apiKey: int16('0+'),
      minVersion: int16('0+'),
      maxVersion: int16('0+'),
    }),
    throttleTimeMs: int32('1+', { ignorable: true }),
    supportedFeatures: array(
      '3+',
      {
        name: string('3+'),
        minVersion: int16('3+'),
        maxVersion: int16('3+'),
      },
      { tag: 0, tagged: '3+', ignorable: true },
    ),
    finalizedFeaturesEpoch: int64('3+', { default: -1, tag: 1, tagged: '3+', ignorable: true }),
    finalizedFeatures: array(
      '3+',
      {
        name: string('3+'),
        maxVersionLevel: int16('3+'),
        minVersionLevel: int16('3+'),
      },
      { tag: 2, tagged: '3+', ignorable: true },
    ),
    zkMigrationReady: bool('3+', { tag: 3, tagged: '3+', ignorable: true }),
  },
})

export const apiVersionsApi = defineApi({ key: 18, name: 'ApiVersions', request: apiVersionsRequest, response: apiVersionsResponse })
