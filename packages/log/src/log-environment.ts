/** What every log of a directory works with. */
import type { Clock, Compression, Disk, Logger, Random } from '@millrace/runtime'
import type { RecoveryPosition } from './checkpoint/recovery-position-checkpoint.ts'
import type { StorageError } from './errors.ts'
import type { DeferredRemoval } from './deferred-removal.ts'
import type { FilePool } from './file-pool.ts'
import type { LogDirectorySettings } from './log-config.ts'
import type { Gate } from './gate.ts'
import type { TailCache } from './tail-cache.ts'

/** What the directory's checkpoints say of a log, as far as a log that is cut has to see to it itself. */
export interface CutCheckpoints {
  /** Resolves when none of them says any more that the log goes beyond `place.recoveryPoint`. Rejects with a `DiskError`. */
  lower(topic: string, partition: number, place: RecoveryPosition): Promise<void>
  /** Resolves when the start of the log is durable. Rejects with a `DiskError`. */
  setLogStart(topic: string, partition: number, offset: number): Promise<void>
}

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
  readonly checkpoints: CutCheckpoints
  readonly settings: LogDirectorySettings
  /** What is not known to be durable is written once more before it is used; see `sync-failure-mark.ts`. */
  readonly isWrittenAnew: boolean
  /** Set once the directory failed: nothing of it is served any more. */
  offlineError(): StorageError | null
  /** Takes the whole directory offline, for an error that is final. */
  fail(error: StorageError): void
}
