/** The failures of this package, as a catalogue. Compare `code`; the message is for people. */
export const METADATA_ERROR_CODES = {
  /** Bytes that are no metadata record. */
  recordUnreadable: 'ERR_METADATA_RECORD_UNREADABLE',
  /** A record of a kind or version that this build does not know yet. */
  recordTooNew: 'ERR_METADATA_RECORD_TOO_NEW',
  /** A well-formed record that does not fit the image it is applied to. */
  recordMisplaced: 'ERR_METADATA_RECORD_MISPLACED',
  /** A config with a name or value that is not allowed. */
  configInvalid: 'ERR_METADATA_CONFIG_INVALID',
} as const

export type MetadataErrorCode = (typeof METADATA_ERROR_CODES)[keyof typeof METADATA_ERROR_CODES]

export class MetadataError extends Error {
  readonly code: MetadataErrorCode

  constructor(code: MetadataErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'MetadataError'
    this.code = code
  }
}
