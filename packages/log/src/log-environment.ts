/** What every log of a directory works with. */
import type { Clock, Compression, Disk, Logger, Random } from '@millrace/runtime'
import type { StorageError } from './errors.ts'
import type { DeferredRemoval } from './deferred-removal.ts'
import type { FilePool } from './file-pool.ts'
import type { LogDirectorySettings } from './log-config.ts'
import type { Gate } from './gate.ts'
import type { TailCache } from './tail-cache.ts'

export interface LogEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly logger: Logger
  readonly compression: Compression
  readonly crc32c: (bytes: Uint8Array, previous?: number) => number
  readonly files: FilePool
  readonly syncGate: Gate
  readonly tailCache: TailCache
  readonly removals: DeferredRemoval
  readonly settings: LogDirectorySettings
  /** Set once the directory failed: nothing of it is served any more. */
  offlineError(): StorageError | null
  /** Takes the whole directory offline, for an error that is final. */
  fail(error: StorageError): void
}
