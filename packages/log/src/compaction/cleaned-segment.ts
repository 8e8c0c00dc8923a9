/**
 * The segment that a compaction writes, under names that make it worthless after a crash. Its files become part of the log only
 * when they are put in place.
 */
import { batchLastOffset } from '@millrace/protocol'
import { STORAGE_ERROR_CODES, StorageError } from '../errors.ts'
import { FILE_STATES, pathInState } from '../file-names.ts'
import type { FileSlot, HeldFile } from '../file-pool.ts'
import type { LogEnvironment } from '../log-environment.ts'
import { newestRecordTime, type Segment } from '../segment.ts'
import { createSegment } from '../segment-files.ts'
import { syncFile } from '../sync-file.ts'
import type { AbortedTransaction } from '../transaction-index.ts'

const BUFFER_BYTES = 1024 * 1024
/** Positions in index files have 32 bits. */
const SEGMENT_BYTES_MAX = 0x7fff_ffff

export interface CleanedSegmentPlan {
  readonly baseOffset: number
  readonly createdMs: number
  /** What it is made from is so large. */
  readonly expectedBytes: number
  readonly indexIntervalBytes: number
}

export class CleanedSegment {
  readonly segment: Segment
  readonly #environment: LogEnvironment
  readonly #indexIntervalBytes: number
  readonly #held: HeldFile
  readonly #buffer: Uint8Array
  #bufferedBytes = 0
  #writtenBytes = 0

  /** Throws a `DiskError`. */
  constructor(environment: LogEnvironment, directory: string, plan: CleanedSegmentPlan) {
    const { baseOffset, createdMs, expectedBytes, indexIntervalBytes } = plan
    this.#environment = environment
    this.#indexIntervalBytes = indexIntervalBytes
    this.#buffer = new Uint8Array(Math.min(BUFFER_BYTES, expectedBytes))
    this.segment = createSegment(environment, directory, baseOffset, { state: FILE_STATES.cleaned, createdMs })
    this.#held = this.segment.log.hold()
  }

  /** Adds a batch, whose bytes are free for other use afterwards. Rejects with a `DiskError` or a `StorageError`. */
  async append(batch: Uint8Array): Promise<void> {
    const { segment } = this
    if (segment.sizeBytes + batch.length > SEGMENT_BYTES_MAX) {
      const message = `${segment.log.path} would not fit a segment: its batches became larger than they were`
      throw new StorageError(STORAGE_ERROR_CODES.uncleanable, segment.log.path, message)
    }
    if (this.#bufferedBytes + batch.length > this.#buffer.length) await this.#writeBuffer()
    if (batch.length > this.#buffer.length) await this.#write(batch)
    else {
      this.#buffer.set(batch, this.#bufferedBytes)
      this.#bufferedBytes += batch.length
    }
    segment.noteBatch(batch.length, batchLastOffset(batch, 0), newestRecordTime(batch, 0), this.#indexIntervalBytes)
  }

  appendAborted(transaction: AbortedTransaction): void {
    this.segment.transactionIndex.append(transaction)
  }

  /** Makes the files complete and durable. Rejects with a `DiskError`. */
  async finish(): Promise<void> {
    const { disk, syncGate } = this.#environment
    await this.#writeBuffer()
    this.segment.seal()
    await Promise.all(this.segment.slots.map((slot) => syncGate.run(() => syncFile(slot))))
    await disk.syncDirectory(directoryOf(this.segment.log))
    this.#held.release()
  }

  /** Removes what was written, whatever name it has by now. A file that cannot be removed is left to the next start. */
  discard(): void {
    this.#held.release()
    const { disk, logger } = this.#environment
    for (const slot of [...this.segment.slots, this.segment.transactionIndex.entries.slot]) {
      slot.close()
      for (const state of [FILE_STATES.swap, FILE_STATES.cleaned]) {
        const path = pathInState(slot.path, state)
        try {
          disk.removeFile(path)
        } catch (error) {
          logger.warn('a file of an abandoned compaction could not be removed; the next start tries again', { path, error })
        }
      }
    }
  }

  async #writeBuffer(): Promise<void> {
    if (this.#bufferedBytes === 0) return
    const bytes = this.#buffer.subarray(0, this.#bufferedBytes)
    this.#bufferedBytes = 0
    await this.#write(bytes)
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#held.file.write([bytes], this.#writtenBytes)
    this.#writtenBytes += bytes.length
  }
}

function directoryOf({ path }: FileSlot): string {
  return path.slice(0, path.lastIndexOf('/'))
}
