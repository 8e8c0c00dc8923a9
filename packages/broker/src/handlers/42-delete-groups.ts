/**
 * DeleteGroups (API key 42), versions 0-3.
 *
 * Groups without members are forgotten, with all that they committed; each by itself.
 *
 * Version notes: 3 says what is wrong.
 */
import { deleteGroupsApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askEachGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function deleteGroupsHandler(services: BrokerServices): Handler {
  return defineHandler(deleteGroupsApi, async (request, context) => {
    const results = await askEachGroup(services, context, 'DeleteGroups', [...new Set(request.groupsNames)], {
      groupIdOf: (groupId) => groupId,
      bodyOf: (groupsNames) => ({ groupsNames }),
      resultsOf: (response) => response.results,
      refused: (groupId, errorCode) => ({ groupId, errorCode }),
    })
    return { throttleTimeMs: 0, results }
  })
}
