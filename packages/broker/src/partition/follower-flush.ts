/**
 * What a replica wrote while it led may not be on the device yet when it begins to follow, and in a `durability=fsync` topic the
 * offset that a follower asks for says what is. So it asks for nothing before all that it holds is flushed.
 */
import type { PartitionLog } from '@millrace/log'

export class FollowerFlush {
  readonly #onEnded: (error: unknown) => void
  #isUnderWay = false

  /** `onEnded` is told after each flush; null when it was done. */
  constructor(onEnded: (error: unknown) => void) {
    this.#onEnded = onEnded
  }

  /** Whether the log is on the device as a whole. If not, it is flushed. */
  isDone(log: Pick<PartitionLog, 'durableEndOffset' | 'logEndOffset' | 'flush'>): boolean {
    if (log.durableEndOffset >= log.logEndOffset) return true
    if (this.#isUnderWay) return false
    this.#isUnderWay = true
    const ended = (error: unknown): void => {
      this.#isUnderWay = false
      this.#onEnded(error)
    }
    log.flush().then(() => ended(null), ended)
    return false
  }
}
