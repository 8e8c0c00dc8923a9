/** Bytes that are not what the protocol says, or a value that a version cannot carry. Compare `code`. */
export const PROTOCOL_ERROR_CODES = {
  malformed: 'ERR_PROTOCOL_MALFORMED',
  unsupportedVersion: 'ERR_PROTOCOL_UNSUPPORTED_VERSION',
  unencodable: 'ERR_PROTOCOL_UNENCODABLE',
} as const

export type ProtocolErrorCode = (typeof PROTOCOL_ERROR_CODES)[keyof typeof PROTOCOL_ERROR_CODES]

export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string) {
    super(message)
    this.name = 'ProtocolError'
    this.code = code
  }
}
