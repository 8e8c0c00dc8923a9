/**
 * DeleteGroups (API key 42), versions 0-3, flexible from 2.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, string } from '../schema/field.ts'

export const deleteGroupsRequest = defineMessage({
  name: 'DeleteGroupsRequest',
  validVersions: '0-3',
  flexibleVersions: '2+',
  fields: {
    groupsNames: array('0+', string('0+')),
  },
})

export const deleteGroupsResponse = defineMessage({
  name: 'DeleteGroupsResponse',
  validVersions: '0-3',
  flexibleVersions: '2+',
  fields: {
    throttleTimeMs: int32('0+'),
    results: array('0+', {
      groupId: string('0+'),
      errorCode: int16('0+'),
      errorMessage: string('3+', { default: null, nullable: '3+', ignorable: true }),
    }),
  },
})

export const deleteGroupsApi = defineApi({ key: 42, name: 'DeleteGroups', request: deleteGroupsRequest, response: deleteGroupsResponse })
