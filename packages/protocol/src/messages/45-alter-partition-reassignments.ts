/**
 * AlterPartitionReassignments (API key 45), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, string } from '../schema/field.ts'

export const alterPartitionReassignmentsRequest = defineMessage({
  name: 'AlterPartitionReassignmentsRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    timeoutMs: int32('0+', { default: 60000 }),
    allowReplicationFactorChange: bool('1+', { default: true }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        replicas: array('0+', int32('0+'), { default: null, nullable: '0+' }),
      }),
    }),
  },
})

export const alterPartitionReassignmentsResponse = defineMessage({
  name: 'AlterPartitionReassignmentsResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    allowReplicationFactorChange: bool('1+', { default: true, ignorable: true }),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    responses: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      }),
    }),
  },
})

export const alterPartitionReassignmentsApi = defineApi({
  key: 45,
  name: 'AlterPartitionReassignments',
  request: alterPartitionReassignmentsRequest,
  response: alterPartitionReassignmentsResponse,
})
