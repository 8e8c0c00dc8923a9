/**
 * GetTelemetrySubscriptions (API key 71), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { array, bool, int16, int32, int8, string, uuid } from '../schema/field.ts'

export const getTelemetrySubscriptionsRequest = defineMessage({
  name: 'GetTelemetrySubscriptionsRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    clientInstanceId: uuid('0+'),
  },
})

export const getTelemetrySubscriptionsResponse = defineMessage({
  name: 'GetTelemetrySubscriptionsResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    acceptedCompressionTypes: array('0+', int8('0+')),
    pushIntervalMs: int32('0+'),
    telemetryMaxBytes: int32('0+'),
    deltaTemporality: bool('0+'),
    requestedMetrics: array('0+', string('0+')),
  },
})

export const getTelemetrySubscriptionsApi = defineApi({
  key: 71,
  name: 'GetTelemetrySubscriptions',
  request: getTelemetrySubscriptionsRequest,
  response: getTelemetrySubscriptionsResponse,
})
