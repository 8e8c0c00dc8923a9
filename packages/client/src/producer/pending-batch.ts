/** Records of one partition on their way to the broker together, and the promises that wait for them. */
import { invariant } from '@millrace/runtime'
import type { ClientError } from '../errors.ts'
import type { Delivery, EncodedRecord } from './record.ts'

export interface DeliveryPromise {
  resolve(delivery: Delivery): void
  reject(error: ClientError): void
}

export class PendingBatch {
  readonly topic: string
  readonly partition: number
  /** On the monotonic clock. */
  readonly createdAtMs: number
  readonly records: EncodedRecord[] = []
  readonly #promises: DeliveryPromise[] = []
  /** An upper bound before compression. */
  sizeBytes = 0
  /** How often it was sent. */
  attempts = 0
  /** Takes no more records. */
  isClosed = false
  /**
   * Set when the batch is first sent and kept when it is sent again, so that the broker recognises it. Cleared only when
   * the broker has shown that it does not hold the batch and the partition starts a new epoch.
   */
  baseSequence: number | null = null
  lastError: ClientError | null = null
  readonly #onSettled: (sizeBytes: number) => void

  constructor(topic: string, partition: number, createdAtMs: number, onSettled: (sizeBytes: number) => void) {
    this.topic = topic
    this.partition = partition
    this.createdAtMs = createdAtMs
    this.#onSettled = onSettled
  }

  get count(): number {
    return this.records.length
  }

  add(record: EncodedRecord, sizeBytes: number, promise: DeliveryPromise): void {
    invariant(!this.isClosed, 'a closed batch takes no record')
    this.records.push(record)
    this.#promises.push(promise)
    this.sizeBytes += sizeBytes
  }

  /** `baseOffset` is null when the broker did not say. `logAppendTimeMs` is -1 for topics with CreateTime. */
  succeed(baseOffset: number | null, logAppendTimeMs: number): void {
    const { topic, partition } = this
    for (let index = 0; index < this.#promises.length; index++) {
      const timestamp = logAppendTimeMs >= 0 ? logAppendTimeMs : (this.records[index]?.timestamp ?? 0)
      this.#promises[index]?.resolve({ topic, partition, offset: baseOffset === null ? null : baseOffset + index, timestamp })
    }
    this.#onSettled(this.sizeBytes)
  }

  fail(error: ClientError): void {
    for (const promise of this.#promises) promise.reject(error)
    this.#onSettled(this.sizeBytes)
  }

  /** Two batches in place of this one, in order and with its sequence numbers; for a batch the broker finds too large. */
  split(sizeOf: (record: EncodedRecord) => number): [PendingBatch, PendingBatch] {
    invariant(this.count > 1, 'only a batch of several records is split', { count: this.count })
    const middle = this.count >>> 1
    const left = this.#part(0, middle, sizeOf)
    const right = this.#part(middle, this.count, sizeOf)
    left.baseSequence = this.baseSequence
    right.baseSequence = this.baseSequence === null ? null : nextSequence(this.baseSequence, left.count)
    return [left, right]
  }

  #part(from: number, to: number, sizeOf: (record: EncodedRecord) => number): PendingBatch {
    const part = new PendingBatch(this.topic, this.partition, this.createdAtMs, this.#onSettled)
    for (let index = from; index < to; index++) {
      const record = this.records[index]
      const promise = this.#promises[index]
      if (record !== undefined && promise !== undefined) part.add(record, sizeOf(record), promise)
    }
    part.isClosed = true
    part.attempts = this.attempts
    return part
  }
}

/** Sequence numbers go from 0 to 2^31 - 1 and start over. */
export function nextSequence(baseSequence: number, count: number): number {
  return (baseSequence + count) % 2 ** 31
}
