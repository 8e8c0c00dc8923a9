/**
 * ListGroups (API key 16), versions 0-5, flexible from 3.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string } from '../schema/field.ts'

export const listGroupsRequest = defineMessage({
  name: 'ListGroupsRequest',
  validVersions: '0-5',
  flexibleVersions: '3+',
  fields: {
    statesFilter: array('4+', string('0+')),
    typesFilter: array('5+', string('0+')),
  },
})

export const listGroupsResponse = defineMessage({
  name: 'ListGroupsResponse',
  validVersions: '0-5',
  flexibleVersions: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0+'),
    groups: array('0+', {
      groupId: string('0+'),
      protocolType: string('0+'),
      groupState: string('4+', { ignorable: true }),
      groupType: string('5+', { ignorable: true }),
    }),
  },
})

export const listGroupsApi = defineApi({ key: 16, name: 'ListGroups', request: listGroupsRequest, response: listGroupsResponse })
