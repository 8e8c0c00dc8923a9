/**
 * DescribeCluster (API key 60), versions 0-2, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int8, string } from '../schema/field.ts'

export const describeClusterRequest = defineMessage({
  name: 'DescribeClusterRequest',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    includeClusterAuthorizedOperations: bool('0+'),
    endpointType: int8('1+', { default: 1 }),
    includeFencedBrokers: bool('2+'),
  },
})

export const describeClusterResponse = defineMessage({
  name: 'DescribeClusterResponse',
  validVersions: '0-2',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { default: null, nullable: '0+' }),
    endpointType: int8('1+', { default: 1 }),
    clusterId: string('0+'),
    controllerId: int32('0+', { default: -1 }),
    brokers: array('0+', {
      brokerId: int32('0+'),
      host: string('0+'),
      port: int32('0+'),
      rack: string('0+', { default: null, nullable: '0+' }),
      isFenced: bool('2+'),
    }),
    clusterAuthorizedOperations: int32('0+', { default: -2147483648 }),
  },
})

export const describeClusterApi = defineApi({
  key: 60,
  name: 'DescribeCluster',
  request: describeClusterRequest,
  response: describeClusterResponse,
})
