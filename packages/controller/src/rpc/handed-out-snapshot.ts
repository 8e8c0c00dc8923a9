/**
 * The snapshot that observers are given, in pieces. There is one at a time: made of the image when somebody needs it, kept for as
 * long as it is asked for, and good for everybody while the log still reaches back to it.
 */
import type { MetadataFeed } from '@millrace/metadata'
import type { Clock, Timer } from '@millrace/runtime'
import { encodeSnapshot } from '../shell/snapshot-format.ts'
import type { CommittedLog } from './committed-log.ts'
import type { MetadataSnapshotChunk, MetadataSnapshotId } from './metadata-fetch.ts'

/** An observer that has not asked for the next piece after this is gone. */
const KEPT_MS = 30_000

export interface HandedOutSnapshotOptions {
  readonly feed: MetadataFeed
  readonly log: CommittedLog
  readonly clock: Clock
  readonly crc32c: (bytes: Uint8Array) => number
}

export class HandedOutSnapshot {
  readonly #options: HandedOutSnapshotOptions
  #snapshot: { readonly id: MetadataSnapshotId; readonly bytes: Promise<Uint8Array> } | null = null
  #timer: Timer | null = null

  constructor(options: HandedOutSnapshotOptions) {
    this.#options = options
  }

  /** The one to ask for now. */
  current(): MetadataSnapshotId {
    const { feed, log } = this.#options
    const image = feed.image()
    if (this.#snapshot === null || this.#snapshot.id.offset < log.logStartOffset) {
      const bytes = encodeSnapshot(image, this.#options)
      // Told to whoever asks for a piece; nobody may.
      bytes.catch(() => {})
      this.#snapshot = { id: { offset: image.offset, epoch: image.epoch }, bytes }
    }
    this.#keep()
    return this.#snapshot.id
  }

  async chunk({ offset, epoch }: MetadataSnapshotId, position: number, maxBytes: number): Promise<MetadataSnapshotChunk> {
    const snapshot = this.#snapshot
    if (snapshot === null || snapshot.id.offset !== offset || snapshot.id.epoch !== epoch)
      return { sizeBytes: null, bytes: new Uint8Array(0) }
    this.#keep()
    const bytes = await snapshot.bytes
    const begin = Math.min(Math.max(0, position), bytes.length)
    return { sizeBytes: bytes.length, bytes: bytes.subarray(begin, begin + Math.max(1, maxBytes)) }
  }

  close(): void {
    this.#timer?.cancel()
    this.#snapshot = null
  }

  #keep(): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.setTimer(KEPT_MS, () => {
      this.#snapshot = null
    })
  }
}
