/**
 * The leader epochs of a log, and the file that they are kept in. A replica that took a batch of a new epoch and forgot that epoch
 * could agree with a leader on the wrong part of its log, so an epoch is stored before its first batch is acknowledged.
 */
import { formatLeaderEpochCheckpoint, LEADER_EPOCH_CHECKPOINT } from './checkpoint/leader-epoch-checkpoint.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogEnvironment } from './log-environment.ts'

export class EpochFile {
  readonly cache: LeaderEpochCache
  readonly #environment: LogEnvironment
  readonly #path: string
  #writing: Promise<void> | null = null

  constructor(environment: LogEnvironment, directory: string, cache: LeaderEpochCache) {
    this.#environment = environment
    this.#path = `${directory}/${LEADER_EPOCH_CHECKPOINT}`
    this.cache = cache
  }

  /** Resolves when the file says, durably, what is known now. Rejects with a `DiskError`; it may be called again after one. */
  async write(): Promise<void> {
    while (this.#writing !== null) await this.#writing.catch(() => {})
    const entries = this.cache.takeUnwritten()
    if (entries === null) return
    this.#writing = this.#environment.disk.replaceFile(this.#path, formatLeaderEpochCheckpoint(entries)).then(
      () => {
        this.#writing = null
        this.cache.written(entries)
      },
      (error: unknown) => {
        this.#writing = null
        this.cache.notWritten()
        throw error
      },
    )
    await this.#writing
  }
}
