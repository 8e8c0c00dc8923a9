/**
 * PushTelemetry (API key 72), versions 0, flexible from 0.
 */
import { defineApi } from '../schema/define-api.ts'
import { defineMessage } from '../schema/define-message.ts'
import { bool, bytes, int16, int32, int8, uuid } from '../schema/field.ts'

export const pushTelemetryRequest = defineMessage({
  name: 'PushTelemetryRequest',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    clientInstanceId: uuid('0+'),
    subscriptionId: int32('0+'),
    terminating: bool('0+'),
    compressionType: int8('0+'),
    metrics: bytes('0+'),
  },
})

export const pushTelemetryResponse = defineMessage({
  name: 'PushTelemetryResponse',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    throttleTimeMs: int32('0+'),
    errorCode: int16('0+'),
  },
})

export const pushTelemetryApi = defineApi({
  key: 72,
  name: 'PushTelemetry',
  request: pushTelemetryRequest,
  response: pushTelemetryResponse,
})
