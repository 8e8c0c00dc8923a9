/**
 * When a partition's log is flushed: at once when somebody waits for it, else a little later, so that producers who did not ask for
 * durability do not pay for a flush a batch. One flush at a time; what is appended meanwhile shares the next one.
 */
import type { PartitionLog } from '@millrace/log'
import type { TopicConfig } from '@millrace/metadata'
import type { Clock, Timer } from '@millrace/runtime'

/** How long freshly written data of a `fsync` topic may wait for its flush when nobody waits for it. */
const IDLE_FLUSH_DELAY_MS = 5
/** How long data of a `replicated` topic may stay in the page cache alone, and how much of it. */
const BACKGROUND_FLUSH_DELAY_MS = 1_000
const BACKGROUND_FLUSH_BYTES = 64 * 1024 * 1024

export interface FlushScheduleOptions {
  readonly clock: Clock
  /** Whether somebody waits for what a flush brings. */
  isAwaited(): boolean
  onFailed(error: unknown): void
}

export class FlushSchedule {
  readonly #options: FlushScheduleOptions
  #timer: Timer | null = null
  #isFlushing = false
  #isStopped = false

  constructor(options: FlushScheduleOptions) {
    this.#options = options
  }

  /** Sees to it that what was written gets flushed. */
  schedule(log: PartitionLog, config: TopicConfig): void {
    if (this.#isFlushing || this.#isStopped || log.durableEndOffset >= log.logEndOffset) return
    const { durability, flushMessages, flushMs } = config
    if (durability === 'fsync' && this.#options.isAwaited()) return this.#flush(log, config)
    if (log.unflushedBytes >= BACKGROUND_FLUSH_BYTES || log.logEndOffset - log.durableEndOffset >= flushMessages)
      return this.#flush(log, config)
    if (this.#timer !== null) return
    const delayMs = durability === 'fsync' ? IDLE_FLUSH_DELAY_MS : Math.min(BACKGROUND_FLUSH_DELAY_MS, flushMs)
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#flush(log, config))
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #flush(log: PartitionLog, config: TopicConfig): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#isStopped) return
    this.#isFlushing = true
    log.flush().then(
      () => {
        this.#isFlushing = false
        this.schedule(log, config)
      },
      (error: unknown) => {
        this.#isFlushing = false
        this.#options.onFailed(error)
      },
    )
  }
}
