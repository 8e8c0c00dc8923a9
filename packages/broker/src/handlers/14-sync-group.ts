/**
 * SyncGroup (API key 14), versions 0-5.
 *
 * A member of a classic group asks for its part of what the group's leader assigns, and waits for it; the leader brings it.
 *
 * Version notes: 3 (KIP-345) static members; 5 (KIP-559) protocol type and name, which have to be the group's.
 */
import { syncGroupApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function syncGroupHandler(services: BrokerServices): Handler {
  return defineHandler(syncGroupApi, (request, context) =>
    askOneGroup(services, context, 'SyncGroup', request, (errorCode) => ({
      throttleTimeMs: 0,
      errorCode,
      assignment: new Uint8Array(0),
    })),
  )
}
