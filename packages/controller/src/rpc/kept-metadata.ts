/**
 * The metadata that a node without a controller has fetched, on its disk: snapshots and the log after them, in the controllers' own
 * formats. It is a copy of what is committed and safe elsewhere, so whatever of it is lost or damaged is fetched again, nothing
 * waits for a flush, and a disk that takes no more costs nothing but the next start.
 */
import { type ClusterImage, decodeRecords, type MetadataListener } from '@millrace/metadata'
import type { Logger } from '@millrace/runtime'
import { membershipOf } from 'raft-ts'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, reasonOf } from '../shell/errors.ts'
import type { ImageFeed } from '../shell/image-feed.ts'
import type { MetadataLog } from '../shell/metadata-log.ts'
import type { CommittedBatch } from '../shell/metadata-quorum.ts'
import { decodeEntry } from '../shell/raft/entry-codec.ts'
import { decodeSnapshot } from '../shell/snapshot-format.ts'
import { SnapshotSchedule } from '../shell/snapshot-schedule.ts'
import type { SnapshotStore } from '../shell/snapshot-store.ts'
import { readCommitted } from './committed-log.ts'
import type { MetadataBatch } from './metadata-fetch.ts'
import type { MetadataReplica } from './remote-metadata-feed.ts'

/** The part of a `PartitionLog` that a copy of the metadata is kept with. */
export interface ObservedLog
  extends Pick<
    MetadataLog,
    'logStartOffset' | 'logEndOffset' | 'read' | 'flush' | 'setHighWatermark' | 'roll' | 'deleteRecordsBefore' | 'truncateTo' | 'resetTo'
  > {
  appendReplicated(bytes: Uint8Array): unknown
}

export interface KeptMetadataOptions {
  readonly log: ObservedLog
  readonly snapshots: SnapshotStore
  /** Shows what is kept. */
  readonly feed: ImageFeed
  /** A snapshot is taken after so many bytes of log. */
  readonly snapshotBytes: number
  readonly crc32c: (bytes: Uint8Array) => number
  readonly logger: Logger
}

/** Observers do not keep who votes: they ask nobody for a vote. */
const NO_MEMBERSHIP = membershipOf([])
const READ_BYTES = 1024 * 1024

export class KeptMetadata implements MetadataReplica {
  readonly #options: KeptMetadataOptions
  readonly #schedule: SnapshotSchedule
  /** False once the disk refused something: the log would have a gap. */
  #isKeeping = true
  /** What is done to the files besides appending, one after the other. */
  #work: Promise<unknown> = Promise.resolve()

  constructor(options: KeptMetadataOptions) {
    const { feed, snapshotBytes, logger } = options
    this.#options = options
    const quorum = { saveSnapshot: (image: ClusterImage) => this.#inTurn(() => this.#save(image)) }
    this.#schedule = new SnapshotSchedule({ quorum, feed, snapshotBytes, logger })
  }

  image(): ClusterImage {
    return this.#options.feed.image()
  }

  subscribe(listener: MetadataListener): () => void {
    return this.#options.feed.subscribe(listener)
  }

  /** Rejects with a `MetadataStorageError` for what another cluster or a newer version left, and with a `StorageError`. */
  async load(): Promise<void> {
    const { snapshots, log, logger } = this.#options
    snapshots.removeUnfinished()
    const { snapshot, damaged } = snapshots.load()
    snapshots.setAside(damaged)
    if (snapshot !== null) this.#schedule.onSnapshot(snapshot.image)
    const problem = snapshot === null && log.logEndOffset > 0 ? 'there is no snapshot before it' : await this.#replay()
    if (problem !== null) {
      const nextOffset = this.image().offset + 1
      logger.warn('kept metadata is of no use from here on, and is fetched again', { offset: nextOffset, problem })
      if (snapshot !== null && log.logStartOffset <= nextOffset && nextOffset <= log.logEndOffset) await log.truncateTo(nextOffset)
      else await log.resetTo(nextOffset)
    }
    this.#schedule.run()
  }

  decodeBatch({ bytes }: MetadataBatch): CommittedBatch {
    const { entry, sizeBytes } = decodeEntry(bytes, 0, this.#options.crc32c)
    if (sizeBytes !== bytes.length) throw new TypeError(`a batch of ${bytes.length} bytes says that it has ${sizeBytes}`)
    const records = entry.type === 'data' ? decodeRecords(entry.data) : []
    return { offset: entry.index - 1, epoch: entry.term, records, sizeBytes }
  }

  append(batches: readonly MetadataBatch[], decoded: readonly CommittedBatch[]): void {
    const { log } = this.#options
    this.#keep(() => {
      for (const { bytes } of batches) log.appendReplicated(bytes)
      log.setHighWatermark(log.logEndOffset)
    })
    for (const batch of decoded) this.#schedule.onCommitted(batch)
  }

  decodeSnapshot(bytes: Uint8Array): ClusterImage {
    return decodeSnapshot(bytes, 'that a controller sent', this.#options.crc32c).image
  }

  async install(image: ClusterImage): Promise<void> {
    const { snapshots, log } = this.#options
    try {
      await this.#inTurn(async () => {
        await snapshots.save(image, NO_MEMBERSHIP)
        await log.resetTo(image.offset + 1)
      })
    } catch (error) {
      this.#keepsNoMore(error)
    }
    this.#schedule.onSnapshot(image)
  }

  async close(): Promise<void> {
    await this.#schedule.close()
    await this.#work
    if (this.#isKeeping) await this.#options.log.flush().catch((error: unknown) => this.#keepsNoMore(error))
    this.#options.snapshots.close()
  }

  /** Shows what the log has after the snapshot. Returns what is wrong with the rest; null when all of it was shown. */
  async #replay(): Promise<string | null> {
    const { log } = this.#options
    for (;;) {
      const fromOffset = this.image().offset + 1
      const endOffset = log.logEndOffset
      if (fromOffset === endOffset && log.logStartOffset <= endOffset) return null
      if (fromOffset < log.logStartOffset || fromOffset > endOffset) {
        return `the log goes from offset ${log.logStartOffset} to ${endOffset}, and ${fromOffset} is next`
      }
      const batches = await readCommitted(log, { fromOffset, endOffset, maxBytes: READ_BYTES })
      if (batches.length === 0) return 'no whole batch is there'
      for (const batch of batches) {
        const problem = this.#show(batch)
        if (problem !== null) return problem
      }
    }
  }

  #show(batch: MetadataBatch): string | null {
    const { offset, epoch } = this.image()
    if (batch.offset !== offset + 1 || batch.epoch < epoch) return `a batch of offset ${batch.offset} and epoch ${batch.epoch} is there`
    try {
      this.#schedule.onCommitted(this.decodeBatch(batch))
      return null
    } catch (error) {
      if (error instanceof MetadataStorageError && error.code === METADATA_STORAGE_ERROR_CODES.newerVersion) throw error
      return reasonOf(error)
    }
  }

  async #save(image: ClusterImage): Promise<number> {
    const { snapshots, log } = this.#options
    const { sizeBytes, neededFrom } = await snapshots.save(image, NO_MEMBERSHIP)
    this.#keep(() => {
      log.roll()
      if (neededFrom > log.logStartOffset && neededFrom <= log.logEndOffset) log.deleteRecordsBefore(neededFrom)
    })
    return sizeBytes
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => {})
    return done
  }

  #keep(work: () => void): void {
    if (!this.#isKeeping) return
    try {
      work()
    } catch (error) {
      this.#keepsNoMore(error)
    }
  }

  #keepsNoMore(error: unknown): void {
    if (this.#isKeeping) this.#options.logger.warn('metadata is not kept any more; the next start will fetch more of it', { error })
    this.#isKeeping = false
  }
}
