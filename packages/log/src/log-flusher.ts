/**
 * What of a log is on the device, and the flushes that bring it there: one at a time, each for all who asked before it began.
 *
 * Invariant: `end.offset` only ever ascends, but for a cut of the log.
 */
import type { LogEnd } from './log-appender.ts'
import type { LogEnvironment } from './log-environment.ts'
import type { LogParts } from './log-parts.ts'
import type { LoadedLog } from './recovery/loaded-log.ts'

const UNKNOWN_POSITION = -1

export class LogFlusher {
  readonly #environment: LogEnvironment
  readonly #log: LogParts
  readonly #onDurable: () => void
  #end: LogEnd
  #running: Promise<void> | null = null
  #queued: Promise<void> | null = null

  constructor(environment: LogEnvironment, log: LogParts, loaded: LoadedLog, onDurable: () => void) {
    this.#environment = environment
    this.#log = log
    this.#onDurable = onDurable
    this.#end = log.appender.end
    if (!loaded.isAllDurable) this.#end = { ...this.#end, offset: loaded.durableEndOffset, position: UNKNOWN_POSITION }
  }

  /** Everything below survives a power cut. */
  get endOffset(): number {
    return this.#end.offset
  }

  /** Where that ends in its segment; null until it moved for the first time after a crash. */
  get end(): LogEnd | null {
    return this.#end.position === UNKNOWN_POSITION ? null : this.#end
  }

  /** Makes everything that is written now durable. Callers that come while a flush is under way share the next one. */
  flush(): Promise<void> {
    if (this.#running === null) return this.#run(() => this.#flush())
    this.#queued ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = null
        return this.flush()
      })
    return this.#queued
  }

  /** Runs `work` while no flush does. It leaves everything durable that it leaves of the log. */
  async alone(work: () => Promise<void>): Promise<void> {
    while (this.#running !== null) await this.#running.catch(() => {})
    await this.#run(work)
  }

  /** All of the log is durable as it is. */
  allDurable(): void {
    const { appender } = this.#log
    appender.flushed(appender.unflushedBytes)
    this.#end = appender.end
  }

  /** The log was cut: what is durable ends no later than it does. */
  lower(): void {
    const { end } = this.#log.appender
    if (this.#end.offset >= end.offset) this.#end = end
  }

  /** What is replaced is durable as a whole, so the durable part ends at its end, or in a segment that stays. */
  segmentsReplaced(replaced: readonly unknown[]): void {
    const { offset, segment } = this.#end
    if (replaced.includes(segment)) this.#end = { ...this.#end, segment: this.#log.segments.floor(offset), position: 0 }
  }

  #run(work: () => Promise<void>): Promise<void> {
    this.#running = work().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #flush(): Promise<void> {
    this.#log.health.assertUsable()
    const { segments, appender, epochs, unsynced } = this.#log
    try {
      segments.active.transactionIndex.entries.writeNew()
    } catch (error) {
      throw this.#log.health.failed(error)
    }
    const { end, unflushedBytes } = appender
    // An epoch that cannot be stored keeps nothing from being durable; it is for those who acknowledge to wait for it.
    const epochsWritten = epochs.cache.unwrittenFrom === null ? null : this.#writeEpochs()
    try {
      await unsynced.sync(this.#environment)
    } catch (error) {
      throw this.#log.health.syncFailed(error)
    }
    if (epochsWritten !== null) await epochsWritten
    appender.flushed(unflushedBytes)
    const before = this.#end
    if (end.offset < before.offset) return
    this.#end = end
    if (end.offset > before.offset) this.#onDurable()
  }

  async #writeEpochs(): Promise<void> {
    try {
      await this.#log.epochs.write()
    } catch (error) {
      if (!this.#log.health.isClosed) this.#log.health.failed(error)
    }
  }
}
