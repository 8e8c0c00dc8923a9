/**
 * The catalogue of operating errors of the log. Outcomes that the protocol names (a duplicate, an invalid epoch, an offset
 * out of range) are values and never come through here; broken invariants are `InvariantError`s. Compare `code`.
 */
import { DISK_ERROR_CODES, DiskError } from '@millrace/runtime'

export const STORAGE_ERROR_CODES = {
  /** No room. Nothing was changed; the log goes on serving and takes appends again when there is room. */
  diskFull: 'ERR_LOG_DISK_FULL',
  /** The process may open no more files. Nothing was changed; not final. */
  tooManyFiles: 'ERR_LOG_TOO_MANY_FILES',
  /** The log directory failed and serves nothing until the process is restarted. */
  offline: 'ERR_LOG_OFFLINE',
  /** The log was closed or deleted. */
  closed: 'ERR_LOG_CLOSED',
  /** Bytes that were durable are damaged. Nothing was changed. */
  corrupt: 'ERR_LOG_CORRUPT',
  /** The log cannot be compacted with the settings it has. Nothing was changed. */
  uncleanable: 'ERR_LOG_UNCLEANABLE',
  /** The directory belongs to another node or cluster, or was written by a newer version. */
  foreign: 'ERR_LOG_FOREIGN_DIRECTORY',
  /** Another process uses the directory. */
  locked: 'ERR_LOG_LOCKED',
} as const

export type StorageErrorCode = (typeof STORAGE_ERROR_CODES)[keyof typeof STORAGE_ERROR_CODES]

export class StorageError extends Error {
  readonly code: StorageErrorCode
  readonly path: string

  constructor(code: StorageErrorCode, path: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'StorageError'
    this.code = code
    this.path = path
  }
}

/** Nothing was changed, and the same may succeed later. */
export function isWantOfRoom(error: unknown): error is StorageError {
  return error instanceof StorageError && (error.code === STORAGE_ERROR_CODES.diskFull || error.code === STORAGE_ERROR_CODES.tooManyFiles)
}

/** Damage below the recovery point, where a crash cannot have caused it. The file is kept as it is. */
export class LogCorruptError extends StorageError {
  readonly position: number
  readonly reason: string

  constructor(path: string, position: number, reason: string) {
    super(STORAGE_ERROR_CODES.corrupt, path, `${path} is damaged at byte ${position}: ${reason}`)
    this.name = 'LogCorruptError'
    this.position = position
    this.reason = reason
  }
}

/** What the disk reported, in the log's words. */
export function toStorageError(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error
  const cause = { cause: error }
  if (error instanceof DiskError) {
    switch (error.code) {
      case DISK_ERROR_CODES.full:
        return new StorageError(STORAGE_ERROR_CODES.diskFull, error.path, `no room on the disk of ${error.path}`, cause)
      case DISK_ERROR_CODES.tooManyFiles:
        return new StorageError(STORAGE_ERROR_CODES.tooManyFiles, error.path, `too many open files: ${error.path}`, cause)
      case DISK_ERROR_CODES.locked:
        return new StorageError(STORAGE_ERROR_CODES.locked, error.path, error.message, cause)
      default:
        return new StorageError(STORAGE_ERROR_CODES.offline, error.path, error.message, cause)
    }
  }
  return new StorageError(STORAGE_ERROR_CODES.offline, path, `storage of ${path} failed: ${messageOf(error)}`, cause)
}

/** Whether the log directory can go on after this error. */
export function isFinal(error: StorageError): boolean {
  return error.code === STORAGE_ERROR_CODES.offline
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
