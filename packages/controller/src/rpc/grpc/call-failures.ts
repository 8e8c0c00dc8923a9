/**
 * Errors of the controller as the status of a call, and back. What is certain about a command that failed stays certain, and
 * what is not becomes `ERR_CONTROLLER_TIMEOUT`: whoever is told that nothing happened may do it again.
 */
import type { Metadata, ServiceError, StatusObject } from '@grpc/grpc-js'
import { CONTROLLER_ERROR_CODES, ControllerError, type ControllerErrorCode } from '@millrace/metadata'
import { ERROR_CODES, type ErrorCode } from '@millrace/protocol'
import { NotActiveError, unanswered, unreachable } from '../controller-errors.ts'
import { type ControllerFailure, FAILURE_TRAILER } from './controller-calls.ts'
import type { GrpcLibraries } from './load-grpc.ts'
import type { MessageCodec } from './message-codec.ts'

const KNOWN_CODES: ReadonlySet<string> = new Set(Object.values(CONTROLLER_ERROR_CODES))

export class CallFailures {
  readonly #grpc: GrpcLibraries['grpc']
  readonly #codec: MessageCodec<ControllerFailure>

  constructor(grpc: GrpcLibraries['grpc'], codec: MessageCodec<ControllerFailure>) {
    this.#grpc = grpc
    this.#codec = codec
  }

  /** For the caller; anything but a `ControllerError` is a mistake of ours and tells a stranger nothing. */
  toStatus(error: unknown): StatusObject {
    const { status, Metadata: NewMetadata } = this.#grpc
    const known = error instanceof ControllerError ? error : unforeseen()
    const { code, errorCode, message } = known
    const metadata: Metadata = new NewMetadata()
    const leader = known instanceof NotActiveError ? known.leader : null
    metadata.set(FAILURE_TRAILER, this.#codec.encode({ code, errorCode, message, leader }))
    const isElsewhere = code === CONTROLLER_ERROR_CODES.notLeader
    return { code: isElsewhere ? status.FAILED_PRECONDITION : status.UNAVAILABLE, details: message, metadata }
  }

  /** `peer` is for people. */
  toError(error: ServiceError, peer: string): ControllerError {
    const { status } = this.#grpc
    const failure = this.#failureOf(error)
    if (failure !== null) return toControllerError(failure, error)
    switch (error.code) {
      case status.DEADLINE_EXCEEDED:
        return unanswered(`${peer} did not answer in time`, error)
      case status.UNIMPLEMENTED:
        return new ControllerError(
          CONTROLLER_ERROR_CODES.unreachable,
          ERROR_CODES.UNSUPPORTED_VERSION,
          `${peer} runs a version that cannot do this; upgrade all controllers`,
          { cause: error },
        )
      case status.RESOURCE_EXHAUSTED:
        return new ControllerError(CONTROLLER_ERROR_CODES.tooLarge, ERROR_CODES.POLICY_VIOLATION, `${peer}: ${error.details}`, {
          cause: error,
        })
      default:
        // The connection may have been lost on the way there or on the way back.
        return unanswered(`${peer} did not answer: ${error.details}`, error)
    }
  }

  #failureOf(error: ServiceError): ControllerFailure | null {
    const [trailer] = error.metadata?.get(FAILURE_TRAILER) ?? []
    if (trailer === undefined || typeof trailer === 'string') return null
    try {
      return this.#codec.decode(trailer)
    } catch {
      return null
    }
  }
}

function toControllerError({ code, errorCode, message, leader }: ControllerFailure, cause: unknown): ControllerError {
  if (code === CONTROLLER_ERROR_CODES.notLeader) return new NotActiveError(leader)
  // The other node cannot be asked any more, and did nothing: another one may.
  if (code === CONTROLLER_ERROR_CODES.closed) return unreachable(message, cause)
  if (!KNOWN_CODES.has(code)) return unanswered(message, cause)
  return new ControllerError(code as ControllerErrorCode, errorCode as ErrorCode, message, { cause })
}

function unforeseen(): ControllerError {
  const message = 'the controller met an unexpected error; its log says more'
  return new ControllerError(CONTROLLER_ERROR_CODES.offline, ERROR_CODES.UNKNOWN_SERVER_ERROR, message)
}
