/**
 * RemoveRaftVoter (API key 81), version 0.
 *
 * Carries to the controllers that one of them shall vote no more. It is named by node and directory, so that a node which came
 * back with an empty disk is not taken for the one that it was.
 */
import type { Outcome } from '@millrace/metadata'
import { removeRaftVoterApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askControllerOnce } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { otherCluster } from './other-cluster.ts'

export function removeRaftVoterHandler(services: BrokerServices): Handler {
  return defineHandler(removeRaftVoterApi, async ({ clusterId, voterId, voterDirectoryId }) => {
    const refusal = otherCluster(services, clusterId)
    if (refusal !== null) return { throttleTimeMs: 0, ...refusal }
    const ask = (): Promise<Outcome> => services.controller.removeVoter({ nodeId: voterId, directoryId: voterDirectoryId })
    const { errorCode, errorMessage } = await askControllerOnce(services, ask, (failed) => failed)
    return { throttleTimeMs: 0, errorCode, errorMessage }
  })
}
