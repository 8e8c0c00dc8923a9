/** Between the calls that come in and whatever serves them, which may come later and go earlier. */
import type { sendUnaryData, ServerUnaryCall, UntypedHandleCall } from '@grpc/grpc-js'
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { Logger } from '@millrace/runtime'
import type { ControllerService } from '../controller-service.ts'
import { Attendance, type AttendanceStream } from './attendance.ts'
import { CallFailures } from './call-failures.ts'
import { callService, type ControllerCalls, METADATA_OFFSET_HEADER, UNARY_CALL_NAMES, type UnaryCallName } from './controller-calls.ts'
import type { GrpcLibraries } from './load-grpc.ts'

export class ServiceDoor {
  readonly #failures: CallFailures
  readonly #logger: Logger
  readonly #grpc: GrpcLibraries['grpc']
  readonly #attendance: Attendance
  #service: ControllerService | null = null

  constructor(grpc: GrpcLibraries['grpc'], calls: ControllerCalls, logger: Logger) {
    this.#grpc = grpc
    this.#logger = logger
    this.#failures = new CallFailures(grpc, calls.failure)
    this.#attendance = new Attendance(() => this.#service)
  }

  open(service: ControllerService): void {
    this.#service = service
  }

  close(): void {
    this.#service = null
    this.#attendance.close()
  }

  handlers(): Record<string, UntypedHandleCall> {
    const handlers: Record<string, UntypedHandleCall> = { attend: (stream: AttendanceStream) => this.#attendance.accept(stream) }
    for (const name of UNARY_CALL_NAMES) {
      handlers[name] = (call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => void this.#answer(name, call, done)
    }
    return handlers
  }

  async #answer(name: UnaryCallName, call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>): Promise<void> {
    try {
      const service = this.#service
      if (service === null) throw notServing()
      const response = await callService(service, name, call.request)
      const header = new this.#grpc.Metadata()
      header.set(METADATA_OFFSET_HEADER, String(service.metadataOffset()))
      call.sendMetadata(header)
      done(null, response)
    } catch (error) {
      if (!(error instanceof ControllerError)) this.#logger.error('a call failed that should not', { call: name, error })
      done(this.#failures.toStatus(error))
    }
  }
}

function notServing(): ControllerError {
  return new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'the controller is starting or closing')
}
