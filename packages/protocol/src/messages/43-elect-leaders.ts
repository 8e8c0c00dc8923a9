/**
 * ElectLeaders (API key 43), versions 0-2, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int8, string } from '../schema/field.ts'

export const electLeadersRequest = defineMessage({
  name: 'ElectLeadersRequest',
  validVersions: '0-2',
  flexibleVersions: '2+',
  fields: {
    electionType: int8('1+'),
    topicPartitions: array(
      '0+',
      {
        topic: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { nullable: '0+' },
    ),
    timeoutMs: int32('0+', { default: 60000 }),
  },
})

export const electLeadersResponse = defineMessage({
  name: 'ElectLeadersResponse',
  validVersions: '0-2',
  flexibleVersions: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('1+'),
    replicaElectionResults: array('0+', {
      topic: string('0+'),
      partitionResult: array('0+', {
        partitionId: int32('0+'),
        errorCode: int16('0+'),
        errorMessage: string('0+', { nullable: '0+' }),
      }),
    }),
  },
})

export const electLeadersApi = defineApi({ key: 43, name: 'ElectLeaders', request: electLeadersRequest, response: electLeadersResponse })
