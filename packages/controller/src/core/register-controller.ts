/** Keeps where a controller node is reached, as it says itself. */
import type { Outcome, RegisterControllerCommand } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type CommandContext, type CommandResult, failure, SUCCESS } from './command.ts'

export function registerController(request: RegisterControllerCommand, context: CommandContext): CommandResult<Outcome> {
  const { clusterId, nodeId, directoryId, host, port } = request
  const { image } = context
  if (clusterId !== image.clusterId) {
    const problem = `controller ${nodeId} belongs to cluster ${clusterId}, this is ${image.clusterId}`
    return { batches: [], response: failure(ERROR_CODES.INCONSISTENT_CLUSTER_ID, problem) }
  }
  const known = image.controllers.get(nodeId)
  const isKnown = known?.directoryId === directoryId && known.host === host && known.port === port
  return { batches: isKnown ? [] : [[{ type: 'register-controller', nodeId, directoryId, host, port }]], response: SUCCESS }
}
