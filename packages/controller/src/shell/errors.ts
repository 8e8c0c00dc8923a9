/** Why the controller cannot start. Compare `code`; the message is for people, and names the file where there is one. */
export const METADATA_STORAGE_ERROR_CODES = {
  /** The metadata log holds something that cannot be what was written. */
  logCorrupt: 'ERR_CONTROLLER_LOG_CORRUPT',
  /** Records that the snapshots or the log should have are missing. */
  logIncomplete: 'ERR_CONTROLLER_LOG_INCOMPLETE',
  /** A snapshot failed its checksum or cannot be read. */
  snapshotCorrupt: 'ERR_CONTROLLER_SNAPSHOT_CORRUPT',
  /** The metadata holds what only a newer version of Millrace can read. */
  newerVersion: 'ERR_CONTROLLER_NEWER_VERSION',
  /** The metadata belongs to another cluster. */
  otherCluster: 'ERR_CONTROLLER_OTHER_CLUSTER',
  /** The metadata is that of another node: its directory was copied, or this node has the wrong id. */
  otherNode: 'ERR_CONTROLLER_OTHER_NODE',
  /** The metadata was written in another life of the data directory. */
  otherDirectory: 'ERR_CONTROLLER_OTHER_DIRECTORY',
  /** What this node voted for is not known any more. */
  voteLost: 'ERR_CONTROLLER_VOTE_LOST',
  /** A controller of a cluster begins with what `millrace format` has written. */
  notFormatted: 'ERR_CONTROLLER_NOT_FORMATTED',
  /** What is to be formatted has been formatted before. */
  formatted: 'ERR_CONTROLLER_FORMATTED',
} as const

export type MetadataStorageErrorCode = (typeof METADATA_STORAGE_ERROR_CODES)[keyof typeof METADATA_STORAGE_ERROR_CODES]

export class MetadataStorageError extends Error {
  readonly code: MetadataStorageErrorCode

  constructor(code: MetadataStorageErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'MetadataStorageError'
    this.code = code
  }
}

export function newerVersion(what: string, reason: string, cause?: unknown): MetadataStorageError {
  return new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES.newerVersion,
    `${what} was written by a newer version of Millrace (${reason}); start that version or a later one with this directory`,
    { cause },
  )
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
