/**
 * RemoveRaftVoter (API key 81), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { int16, int32, string, uuid } from '../schema/field.ts'

export const removeRaftVoterRequest = defineMessage({
  name: 'RemoveRaftVoterRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    clusterId: string('0+', { nullable: '0+' }),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
  },
})

export const removeRaftVoterResponse = defineMessage({
  name: 'RemoveRaftVoterResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', ignorable: true }),
  },
})

export const removeRaftVoterApi = defineApi({
  key: 81,
  name: 'RemoveRaftVoter',
  request: removeRaftVoterRequest,
  response: removeRaftVoterResponse,
})
