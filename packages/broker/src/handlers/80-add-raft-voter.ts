/**
 * AddRaftVoter (API key 80), versions 0-1.
 *
 * Carries to the controllers that one more shall vote. It has to be running and to follow them already. Of its listeners the
 * one called CONTROLLER counts, or the first.
 *
 * Version notes: 1 the client may be content with less than the commit; it is answered after the commit all the same.
 */
import type { Outcome } from '@millrace/metadata'
import { addRaftVoterApi, ERROR_CODES } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askControllerOnce } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { otherCluster } from './other-cluster.ts'

const LISTENER = 'CONTROLLER'

export function addRaftVoterHandler(services: BrokerServices): Handler {
  return defineHandler(addRaftVoterApi, async ({ clusterId, voterId, voterDirectoryId, listeners }) => {
    const refusal = otherCluster(services, clusterId)
    if (refusal !== null) return { throttleTimeMs: 0, ...refusal }
    const listener = listeners.find(({ name }) => name === LISTENER) ?? listeners[0]
    if (listener === undefined || voterId < 0) {
      const errorMessage = voterId < 0 ? `there is no node ${voterId}` : 'the request does not say where the voter is reached'
      return { throttleTimeMs: 0, errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage }
    }
    const { host, port } = listener
    const ask = (): Promise<Outcome> => services.controller.addVoter({ nodeId: voterId, directoryId: voterDirectoryId, host, port })
    const { errorCode, errorMessage } = await askControllerOnce(services, ask, (failed) => failed)
    return { throttleTimeMs: 0, errorCode, errorMessage }
  })
}
