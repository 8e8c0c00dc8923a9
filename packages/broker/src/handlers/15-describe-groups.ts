/**
 * DescribeGroups (API key 15), versions 0-6.
 *
 * Classic groups with their members. Whoever asks about a group that another broker keeps is told so.
 *
 * Version notes: 3 authorized operations; 4 static members; 6 (KIP-1043) a group that there is not is GROUP_ID_NOT_FOUND, which before is
 * one in the state Dead.
 */
import { describeGroupsApi, ERROR_CODES } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askEachGroup } from './ask-group.ts'
import { GROUP_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function describeGroupsHandler(services: BrokerServices): Handler {
  return defineHandler(describeGroupsApi, async (request, context) => {
    const groups = await askEachGroup(services, context, 'DescribeGroups', [...new Set(request.groups)], {
      groupIdOf: (groupId) => groupId,
      bodyOf: (asked) => ({ ...request, groups: asked }),
      resultsOf: (response) => response.groups,
      refused: (groupId, errorCode) => ({ errorCode, groupId, groupState: '', protocolType: '', protocolData: '', members: [] }),
    })
    const authorizedOperations = request.includeAuthorizedOperations ? GROUP_OPERATIONS : OPERATIONS_NOT_ASKED
    return {
      throttleTimeMs: 0,
      groups: groups.map((group) => (group.errorCode === ERROR_CODES.NONE ? { ...group, authorizedOperations } : group)),
    }
  })
}
