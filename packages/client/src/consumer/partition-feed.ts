/**
 * What one partition has to offer to its reader: fetched and not read yet, where to fetch next, where to stop. Pure: the
 * fetcher fills it and the consumer empties it.
 */
import type { Decompress } from '@millrace/protocol'
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { fromUtf8 } from '../text.ts'
import type { ConsumedBatch, ConsumedRecord } from './consumer-options.ts'
import { type AbortedTransaction, BrokenBatchError, FetchedBatches, offsetAfterBatches } from './fetched-batches.ts'

export interface FetchedData {
  readonly bytes: Uint8Array
  /** Null with read_uncommitted. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  readonly highWatermark: number
}

interface Chunk {
  readonly batches: FetchedBatches
  readonly sizeBytes: number
  readonly highWatermark: number
}

export interface FeedTools {
  readonly decompress: Decompress
  readonly crc32c: (bytes: Uint8Array) => number
}

export class PartitionFeed {
  readonly topic: string
  readonly partition: number
  /** Exclusive; infinity for a feed that never ends. */
  readonly endOffset: number
  readonly #tools: FeedTools
  readonly #chunks: Chunk[] = []
  /** The offset of the next record that the reader gets, or a later one. */
  #position: number
  /** Invariant: fetchOffset >= position. */
  #fetchOffset: number
  #bufferedBytes = 0
  #failure: ClientError | null = null
  /** Part of a request that is not answered yet. */
  isFetching = false
  /** On the monotonic clock: not to be fetched before. */
  retryAtMs = 0
  failures = 0
  /** When fetching began to fail; null while it works. */
  failingSinceMs: number | null = null

  constructor(topic: string, partition: number, startOffset: number, endOffset: number, tools: FeedTools) {
    this.topic = topic
    this.partition = partition
    this.endOffset = endOffset
    this.#tools = tools
    this.#position = startOffset
    this.#fetchOffset = startOffset
  }

  get position(): number {
    return this.#position
  }

  get fetchOffset(): number {
    return this.#fetchOffset
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Nothing more is to be fetched. */
  get isFetched(): boolean {
    return this.#failure !== null || this.#fetchOffset >= this.endOffset
  }

  /** Nothing more will come out, and nothing went wrong. */
  get isFinished(): boolean {
    return this.#position >= this.endOffset
  }

  /** Whether `take` has something to say. */
  get hasNews(): boolean {
    return this.#chunks.length > 0 || (this.#failure !== null && !this.isFinished)
  }

  /** Adds what was fetched at `fetchOffset`. */
  fill(data: FetchedData): void {
    if (this.#failure !== null) return
    let next: number | null
    try {
      next = offsetAfterBatches(data.bytes)
    } catch (error) {
      this.fail(this.#describe(error))
      return
    }
    if (next === null) {
      const message = `the answer for "${this.topic}" partition ${this.partition} at offset ${this.#fetchOffset} has no whole record batch`
      this.fail(new ClientError(CLIENT_ERROR_CODES.malformedResponse, message, this.#place()))
      return
    }
    const { decompress, crc32c } = this.#tools
    const batches = new FetchedBatches({ bytes: data.bytes, abortedTransactions: data.abortedTransactions, decompress, crc32c })
    this.#chunks.push({ batches, sizeBytes: data.bytes.length, highWatermark: data.highWatermark })
    this.#bufferedBytes += data.bytes.length
    this.#fetchOffset = Math.max(this.#fetchOffset, next)
  }

  /** Goes on at another offset. Only for a feed with nothing buffered. */
  restart(offset: number): void {
    this.#position = offset
    this.#fetchOffset = offset
  }

  /** The reader learns of the error after it has got what was fetched before. */
  fail(error: ClientError): void {
    this.#failure ??= error
  }

  /** The next records, or null when there are none at the moment. Throws the error that ended the feed. */
  take(): ConsumedBatch | null {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const records = this.#next(chunk)
      if (records === null) {
        this.#chunks.shift()
        this.#bufferedBytes -= chunk.sizeBytes
      } else if (records.length > 0) {
        return { topic: this.topic, partition: this.partition, records, highWatermark: chunk.highWatermark }
      }
    }
    if (this.#failure !== null && !this.isFinished) throw this.#failure
    return null
  }

  #next(chunk: Chunk): readonly ConsumedRecord[] | null {
    if (this.isFinished) return null
    try {
      const batch = chunk.batches.next(this.#position)
      if (batch === null) return null
      this.#position = batch.nextOffset
      const records: ConsumedRecord[] = []
      for (const { offset, timestamp, key, value, headers } of batch.records) {
        if (offset >= this.endOffset) break
        records.push({ topic: this.topic, partition: this.partition, offset, timestamp, key, value, headers: headers.map(readable) })
      }
      return records
    } catch (error) {
      // Whoever reads on meets the same error again: nothing behind it comes out.
      this.fail(this.#describe(error))
      this.#chunks.length = 1
      this.#bufferedBytes = chunk.sizeBytes
      return null
    }
  }

  #describe(error: unknown): ClientError {
    if (!(error instanceof BrokenBatchError)) throw error
    const message = `"${this.topic}" partition ${this.partition}, offset ${error.offset}: ${error.message}`
    return new ClientError(CLIENT_ERROR_CODES.corruptRecords, message, { ...this.#place(), cause: error })
  }

  #place(): { readonly topic: string; readonly partition: number } {
    return { topic: this.topic, partition: this.partition }
  }
}

function readable({ key, value }: { readonly key: Uint8Array; readonly value: Uint8Array | null }) {
  return { key: fromUtf8(key), value }
}
