/**
 * JoinGroup (API key 11), versions 0-9.
 *
 * A member enters a group, or a round of it. It waits until all members are there or the time for that is over, and meanwhile its
 * connection starts no other request.
 *
 * Version notes: 1 a rebalance timeout beside the session's; 4 (KIP-394) a new member has to come again with the id that it is given; 5
 * (KIP-345) static members; 7 the protocol type in the answer; 8 a reason; 9 the leader may be told to leave the assignment as it is.
 */
import { joinGroupApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askOneGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

/** From this version on there may be no protocol; before it is an empty one. */
const FIRST_NULL_PROTOCOL_VERSION = 7

export function joinGroupHandler(services: BrokerServices): Handler {
  return defineHandler(joinGroupApi, (request, context) =>
    askOneGroup(services, context, 'JoinGroup', request, (errorCode) => ({
      throttleTimeMs: 0,
      errorCode,
      generationId: -1,
      protocolName: context.apiVersion < FIRST_NULL_PROTOCOL_VERSION ? '' : null,
      leader: '',
      skipAssignment: false,
      memberId: request.memberId,
      members: [],
    })),
  )
}
