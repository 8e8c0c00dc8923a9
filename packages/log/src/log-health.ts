/**
 * Whether a log can be used, and what the errors mean that it meets. An error of the device takes the whole directory offline; one
 * that concerns this log alone, as when damage is found while it is being cut, makes an end of this log alone.
 */
import { DiskError } from '@millrace/runtime'
import { isFinal, STORAGE_ERROR_CODES, StorageError, toStorageError } from './errors.ts'
import type { LogEnvironment } from './log-environment.ts'

export interface LogIdentity {
  readonly topic: string
  readonly partition: number
  readonly directory: string
}

export class LogHealth {
  readonly #environment: LogEnvironment
  readonly #log: LogIdentity
  #isClosed = false
  /** Why this log alone is of no more use; null while it is. */
  #failure: StorageError | null = null

  constructor(environment: LogEnvironment, log: LogIdentity) {
    this.#environment = environment
    this.#log = log
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    this.#isClosed = true
  }

  /** Throws the `StorageError` for which the log cannot be used. */
  assertUsable(): void {
    const reason = this.#environment.offlineError() ?? this.#failure
    if (reason !== null) throw reason
    if (this.#isClosed) throw this.closedError()
  }

  closedError(): StorageError {
    const { topic, partition, directory } = this.#log
    return new StorageError(STORAGE_ERROR_CODES.closed, directory, `the log of ${topic}-${partition} is closed`)
  }

  /** An operation failed that left the log as it was. Returns what the caller throws. */
  failed(error: unknown): unknown {
    if (!(error instanceof StorageError || error instanceof DiskError)) return error
    const reason = toStorageError(error, this.#log.directory)
    if (isFinal(reason)) this.#environment.fail(reason)
    return reason
  }

  /** A sync that failed may have lost what it was to save, and a second one would not say so. */
  syncFailed(error: unknown): StorageError {
    // A log that was deleted meanwhile has lost its directory, and nobody needs what was in it.
    if (this.#isClosed) return this.closedError()
    const reason = toStorageError(error, this.#log.directory)
    const { directory } = this.#log
    const final = isFinal(reason) ? reason : new StorageError(STORAGE_ERROR_CODES.offline, directory, reason.message, { cause: error })
    this.#environment.fail(final)
    return final
  }

  /** Something failed half way, and what is in memory does not go with what is on disk. Returns what the caller throws. */
  brokenOff(error: unknown): StorageError {
    if (this.#isClosed) return this.closedError()
    const reason = toStorageError(error, this.#log.directory)
    if (reason.code !== STORAGE_ERROR_CODES.corrupt) return this.syncFailed(error)
    this.#failure = reason
    return reason
  }
}
