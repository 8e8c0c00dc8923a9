/** Why a controller was asked in vain, beyond what every `ControllerError` says. */
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { ControllerEndpoint } from './metadata-fetch.ts'

/** The controller that was asked is not the active one. It did nothing, and may know who is. */
export class NotActiveError extends ControllerError {
  readonly leader: ControllerEndpoint | null

  constructor(leader: ControllerEndpoint | null) {
    const who = leader === null ? 'nobody is known to be' : `node ${leader.nodeId} at ${leader.host}:${leader.port} is`
    super(CONTROLLER_ERROR_CODES.notLeader, ERROR_CODES.NOT_CONTROLLER, `this controller is not the active one; ${who}`)
    this.name = 'NotActiveError'
    this.leader = leader
  }
}

/** Nothing happened: the request did not leave this node, or was refused at the door. */
export function unreachable(problem: string, cause?: unknown): ControllerError {
  return new ControllerError(CONTROLLER_ERROR_CODES.unreachable, ERROR_CODES.NOT_CONTROLLER, problem, { cause })
}

/** Nobody knows what became of it. */
export function unanswered(problem: string, cause?: unknown): ControllerError {
  return new ControllerError(CONTROLLER_ERROR_CODES.timeout, ERROR_CODES.REQUEST_TIMED_OUT, problem, { cause })
}
