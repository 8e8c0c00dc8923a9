/**
 * ConsumerGroupHeartbeat (API key 68), versions 0-1.
 *
 * All that a member of a consumer group (KIP-848) says and is told: that it is there, what it is subscribed to and has, and what it is to
 * have.
 *
 * Version notes: 1 the member makes its own id; topics by regular expression.
 */
import { consumerGroupHeartbeatApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function consumerGroupHeartbeatHandler(services: BrokerServices): Handler {
  return defineHandler(consumerGroupHeartbeatApi, (request, context) =>
    askOneGroup(services, context, 'ConsumerGroupHeartbeat', request, (errorCode) => ({
      throttleTimeMs: 0,
      errorCode,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
    })),
  )
}
