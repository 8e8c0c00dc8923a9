/** A broker that cannot go on. Compare `code`; the message says what happened and what to do. */
import type { LifecycleFailure, LifecycleFailureCode } from './state.ts'

export class BrokerFailedError extends Error {
  readonly code: LifecycleFailureCode

  constructor({ code, message, cause }: LifecycleFailure) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BrokerFailedError'
    this.code = code
  }
}
