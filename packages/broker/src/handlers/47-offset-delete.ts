/**
 * OffsetDelete (API key 47), version 0.
 *
 * Forgets what a group committed for some partitions, which it must not be subscribed to (KIP-496).
 */
import { offsetDeleteApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function offsetDeleteHandler(services: BrokerServices): Handler {
  return defineHandler(offsetDeleteApi, (request, context) =>
    askOneGroup(services, context, 'OffsetDelete', request, (errorCode) => ({ throttleTimeMs: 0, errorCode, topics: [] })),
  )
}
