/**
 * Heartbeat (API key 12), versions 0-4.
 *
 * A member of a classic group is still there, and learns whether the group wants it to join again.
 *
 * Version notes: 3 (KIP-345) static members.
 */
import { heartbeatApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function heartbeatHandler(services: BrokerServices): Handler {
  return defineHandler(heartbeatApi, (request, context) =>
    askOneGroup(services, context, 'Heartbeat', request, (errorCode) => ({ throttleTimeMs: 0, errorCode })),
  )
}
