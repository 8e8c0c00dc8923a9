/** A metadata log in memory that a test writes into, and the image that it adds up to: what a controller has committed. */
import type { ReadOptions, ReadResult } from '@millrace/log'
import { applyRecords, type ClusterImage, emptyImage, encodeRecords, type MetadataListener, type MetadataRecord } from '@millrace/metadata'
import { crc32c } from '@millrace/runtime'
import { encodeEntry } from '../../shell/raft/entry-codec.ts'
import type { CommittedLog } from '../committed-log.ts'

export class PaperMetadata implements CommittedLog {
  logStartOffset = 0
  readonly #batches: Uint8Array[] = []
  readonly #listeners = new Set<MetadataListener>()
  #image: ClusterImage

  constructor(clusterId = 'c') {
    this.#image = emptyImage(clusterId)
  }

  image(): ClusterImage {
    return this.#image
  }

  subscribe(listener: MetadataListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  get waiting(): number {
    return this.#listeners.size
  }

  /** Without records: what a new leader writes for itself. */
  commit(epoch: number, records: readonly MetadataRecord[] = []): void {
    const offset = this.#image.offset + 1
    const at = { index: offset + 1, term: epoch }
    this.append(
      encodeEntry(records.length === 0 ? { ...at, type: 'noop' } : { ...at, type: 'data', data: encodeRecords(records) }, {
        timestamp: 0,
        writeIndex: 1,
        crc32c,
      }),
    )
    const { image, delta } = applyRecords(this.#image, records, { offset, epoch })
    this.#image = image
    for (const listener of this.#listeners) listener(image, delta)
  }

  /** What is in the log and not committed. */
  append(batch: Uint8Array): void {
    this.#batches.push(batch)
  }

  /** As after a snapshot that was installed: what comes before is gone. */
  forgetBefore(offset: number): void {
    this.logStartOffset = offset
  }

  read({ offset, endOffset, maxBytes }: ReadOptions): ReadResult {
    const from = Math.max(offset, this.logStartOffset)
    if (offset < this.logStartOffset || offset >= Math.min(endOffset, this.#batches.length))
      return { type: 'empty', sizeBytes: 0, endsAtOffset: from }
    const all = Buffer.concat(this.#batches.slice(from, endOffset))
    const first = this.#batches[from] as Uint8Array
    const bytes = new Uint8Array(all.subarray(0, Math.max(first.length, maxBytes)))
    return { type: 'bytes', bytes, sizeBytes: bytes.length, endsAtOffset: endOffset }
  }
}

export function feature(level: number): MetadataRecord {
  return { type: 'feature-level', name: 'f', level }
}
