/**
 * ListPartitionReassignments (API key 46), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string } from '../schema/field.ts'

export const listPartitionReassignmentsRequest = defineMessage({
  name: 'ListPartitionReassignmentsRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    timeoutMs: int32('0+', { default: 60000 }),
    topics: array(
      '0+',
      {
        name: string('0+'),
        partitionIndexes: array('0+', int32('0+')),
      },
      { default: null, nullable: '0+' },
    ),
  },
})

export const listPartitionReassignmentsResponse = defineMessage({
  name: 'ListPartitionReassignmentsResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+' }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        replicas: array('0+', int32('0+')),
        addingReplicas: array('0+', int32('0+')),
        removingReplicas: array('0+', int32('0+')),
      }),
    }),
  },
})

export const listPartitionReassignmentsApi = defineApi({
  key: 46,
  name: 'ListPartitionReassignments',
  request: listPartitionReassignmentsRequest,
  response: listPartitionReassignmentsResponse,
})
