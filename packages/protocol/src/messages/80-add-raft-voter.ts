/**
 * AddRaftVoter (API key 80), versions 0-1, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, string, uint16, uuid } from '../schema/field.ts'

export const addRaftVoterRequest = defineMessage({
  name: 'AddRaftVoterRequest',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    clusterId: string('0+', { nullable: '0+' }),
    timeoutMs: int32('0+'),
    voterId: int32('0+'),
    voterDirectoryId: uuid('0+'),
    listeners: array('0+', {
      name: string('0+'),
      host: string('0+'),
      port: uint16('0+'),
    }),
    ackWhenCommitted: bool('1+', { default: true }),
  },
})

export const addRaftVoterResponse = defineMessage({
  name: 'AddRaftVoterResponse',
  validVersions: '0-1',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    errorMessage: string('0+', { nullable: '0+', ignorable: true }),
  },
})

export const addRaftVoterApi = defineApi({ key: 80, name: 'AddRaftVoter', request: addRaftVoterRequest, response: addRaftVoterResponse })
