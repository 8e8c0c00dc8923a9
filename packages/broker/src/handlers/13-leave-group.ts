/**
 * LeaveGroup (API key 13), versions 0-5.
 *
 * A member leaves its group, or an operator removes some.
 *
 * Version notes: 3 (KIP-345) several members, static ones by their instance id; 5 a reason each.
 */
import { leaveGroupApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function leaveGroupHandler(services: BrokerServices): Handler {
  return defineHandler(leaveGroupApi, (request, context) =>
    askOneGroup(services, context, 'LeaveGroup', request, (errorCode) => ({ throttleTimeMs: 0, errorCode })),
  )
}
