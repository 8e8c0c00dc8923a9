/**
 * Decides when a snapshot is due, and has the quorum keep one: after so many bytes of log, or as many as the last snapshot
 * had, whichever is more, so that the work stays in proportion to the changes.
 *
 * Stands between quorum and feed: it sees the same batches, and takes the image as it is after them.
 */
import type { ClusterImage } from '@millrace/metadata'
import type { Logger } from '@millrace/runtime'
import type { ImageFeed } from './image-feed.ts'
import type { CommittedBatch, MetadataQuorum, QuorumObserver } from './metadata-quorum.ts'

export interface SnapshotScheduleOptions {
  readonly quorum: Pick<MetadataQuorum, 'saveSnapshot'>
  readonly feed: ImageFeed
  readonly snapshotBytes: number
  readonly logger: Logger
}

export class SnapshotSchedule implements Omit<QuorumObserver, 'onLeadership'> {
  readonly #options: SnapshotScheduleOptions
  /** Not while the log is still being replayed. */
  #isRunning = false
  #bytesSinceSnapshot = 0
  #lastSnapshotBytes = 0
  #work: Promise<void> | null = null

  constructor(options: SnapshotScheduleOptions) {
    this.#options = options
  }

  onSnapshot(image: ClusterImage): void {
    this.#options.feed.onSnapshot(image)
    this.#bytesSinceSnapshot = 0
  }

  onCommitted(batch: CommittedBatch): void {
    this.#options.feed.onCommitted(batch)
    this.#bytesSinceSnapshot += batch.sizeBytes
    this.#takeIfDue()
  }

  run(): void {
    this.#isRunning = true
    this.#takeIfDue()
  }

  /** Takes no more; resolves when the one under way is done. */
  async close(): Promise<void> {
    this.#isRunning = false
    await this.#work
  }

  #takeIfDue(): void {
    if (!this.#isRunning || this.#work !== null) return
    if (this.#bytesSinceSnapshot < Math.max(this.#options.snapshotBytes, this.#lastSnapshotBytes)) return
    this.#bytesSinceSnapshot = 0
    this.#work = this.#take().finally(() => {
      this.#work = null
    })
  }

  /** One that fails costs time at the next start and nothing else; the next is tried when it is due. */
  async #take(): Promise<void> {
    const { quorum, feed, logger } = this.#options
    const image = feed.image()
    try {
      this.#lastSnapshotBytes = await quorum.saveSnapshot(image)
      logger.info('a metadata snapshot was saved', { offset: image.offset, sizeBytes: this.#lastSnapshotBytes })
    } catch (error) {
      logger.warn('a metadata snapshot was not saved; it will be tried again', { offset: image.offset, error })
    }
  }
}
