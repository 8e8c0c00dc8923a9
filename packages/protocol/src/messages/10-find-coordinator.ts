/**
 * FindCoordinator (API key 10), versions 0-6, flexible from 3.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, int16, int32, int8, string } from '../schema/field.ts'

export const findCoordinatorRequest = defineMessage({
  name: 'FindCoordinatorRequest',
  validVersions: '0-6',
  flexibleVersions: '3+',
  fields: {
    key: string('0-3'),
    keyType: int8('1+'),
    coordinatorKeys: array('4+', string('0+')),
  },
})

export const findCoordinatorResponse = defineMessage({
  name: 'FindCoordinatorResponse',
  validVersions: '0-6',
  flexibleVersions: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: int16('0-3'),
    errorMessage: string('1-3', { nullable: '1-3', ignorable: true }),
    nodeId: int32('0-3'),
    host: string('0-3'),
    port: int32('0-3'),
    coordinators: array('4+', {
      key: string('4+'),
      nodeId: int32('4+'),
      host: string('4+'),
      port: int32('4+'),
      errorCode: int16('4+'),
      errorMessage: string('4+', { nullable: '4+', ignorable: true }),
    }),
  },
})

export const findCoordinatorApi = defineApi({
  key: 10,
  name: 'FindCoordinator',
  request: findCoordinatorRequest,
  response: findCoordinatorResponse,
})
