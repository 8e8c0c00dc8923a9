/** The controller cannot be reached by other nodes, so it does not start. */
export class ControllerListenError extends Error {
  readonly code = 'ERR_CONTROLLER_LISTEN'

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'ControllerListenError'
  }
}
