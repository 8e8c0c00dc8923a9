/**
 * ListGroups (API key 16), versions 0-5.
 *
 * The groups that this broker keeps. A client that wants all of a cluster's asks every broker.
 *
 * Version notes: 4 (KIP-518) states, to be shown and to be asked for; 5 (KIP-848) types likewise.
 */
import { ERROR_CODES, listGroupsApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askGroup } from './ask-group.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function listGroupsHandler(services: BrokerServices): Handler {
  return defineHandler(listGroupsApi, async (request, context) => {
    const led = services.coordinators.groups.led()
    const answers = await Promise.all(led.map((partition) => askGroup(services, context, { partition }, 'ListGroups', request)))
    const groups = []
    for (const answer of answers) {
      // A list that lacks some would be taken for all there are.
      if (answer.type === 'refused') return { throttleTimeMs: 0, errorCode: answer.errorCode, groups: [] }
      if (answer.response.errorCode !== ERROR_CODES.NONE) return answer.response
      groups.push(...answer.response.groups)
    }
    return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, groups }
  })
}
