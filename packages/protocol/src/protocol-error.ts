/**
 * The one failure of this package: bytes that are not what the protocol says, or a value that a version cannot carry.
 * Compare `code`; the message is for people and names the field, as in `FetchRequest.topics[2].partitions[0].fetchOffset`.
 */
export const PROTOCOL_ERROR_CODES = {
  /** The bytes are not this message. */
  malformed: 'ERR_PROTOCOL_MALFORMED',
  /** An API, or a version of it, that is not known here. */
  unsupportedVersion: 'ERR_PROTOCOL_UNSUPPORTED_VERSION',
  /** A value that does not fit its field, or a field that the version asked for does not have. */
  unencodable: 'ERR_PROTOCOL_UNENCODABLE',
} as const

export type ProtocolErrorCode = (typeof PROTOCOL_ERROR_CODES)[keyof typeof PROTOCOL_ERROR_CODES]

export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode
  readonly #reason: string
  #fieldPath = ''

  constructor(code: ProtocolErrorCode, message: string) {
    super(message)
    this.name = 'ProtocolError'
    this.code = code
    this.#reason = message
  }

  /** Where in the message it happened; empty when that is unknown. */
  get fieldPath(): string {
    return this.#fieldPath
  }

  /**
   * Puts a step in front of the path. Codecs call it from the inside out while the error passes them, so that nobody has to
   * keep a path for the messages that are fine.
   */
  within(step: string): this {
    const isIndexNext = this.#fieldPath.startsWith('[') || this.#fieldPath === ''
    this.#fieldPath = isIndexNext ? step + this.#fieldPath : `${step}.${this.#fieldPath}`
    this.message = `${this.#fieldPath}: ${this.#reason}`
    return this
  }
}

export function malformed(message: string): ProtocolError {
  return new ProtocolError(PROTOCOL_ERROR_CODES.malformed, message)
}

export function unencodable(message: string): ProtocolError {
  return new ProtocolError(PROTOCOL_ERROR_CODES.unencodable, message)
}
