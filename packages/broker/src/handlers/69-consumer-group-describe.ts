/**
 * ConsumerGroupDescribe (API key 69), versions 0-1.
 *
 * Consumer groups (KIP-848) with their members, and what each has and is to have.
 *
 * Version notes: 1 the type of each member: of the consumer or of the classic protocol.
 */
import { consumerGroupDescribeApi, ERROR_CODES } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askEachGroup } from './ask-group.ts'
import { GROUP_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function consumerGroupDescribeHandler(services: BrokerServices): Handler {
  return defineHandler(consumerGroupDescribeApi, async (request, context) => {
    const groups = await askEachGroup(services, context, 'ConsumerGroupDescribe', [...new Set(request.groupIds)], {
      groupIdOf: (groupId) => groupId,
      bodyOf: (groupIds) => ({ ...request, groupIds }),
      resultsOf: (response) => response.groups,
      refused: (groupId, errorCode) => ({
        errorCode,
        groupId,
        groupState: '',
        groupEpoch: 0,
        assignmentEpoch: 0,
        assignorName: '',
        members: [],
      }),
    })
    const authorizedOperations = request.includeAuthorizedOperations ? GROUP_OPERATIONS : OPERATIONS_NOT_ASKED
    return {
      throttleTimeMs: 0,
      groups: groups.map((group) => (group.errorCode === ERROR_CODES.NONE ? { ...group, authorizedOperations } : group)),
    }
  })
}
