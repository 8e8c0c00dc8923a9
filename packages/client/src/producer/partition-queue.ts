/**
 * The batches of one partition: waiting, in flight, and to be sent again. Pure: it is told the time and what happened, and
 * it decides which batch may be sent next.
 *
 * The promises it keeps for an idempotent producer, whatever fails:
 *   P1 A batch keeps its sequence numbers as long as the broker may hold it, so it is never stored twice.
 *   P2 Batches are stored in their order. After a failure nothing new is sent until all that is in flight has come back.
 *   P3 The first batch under a new identity travels alone: a broker that does not know the producer yet accepts any
 *      sequence number, so a second batch could overtake a first one that was refused.
 *   P4 A new epoch starts only when no batch of the old one can still be stored.
 */
import { invariant } from '@millrace/runtime'
import { nextSequence, type PendingBatch } from './pending-batch.ts'

export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface PartitionQueueOptions {
  readonly isIdempotent: boolean
  readonly maxInFlight: number
  readonly lingerMs: number
}

/** The last epoch that a producer id can have. */
const LAST_EPOCH = 32766

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly #options: PartitionQueueOptions
  #waiting: PendingBatch[] = []
  /** In the order of sending. */
  readonly #inFlight: PendingBatch[] = []
  /** Came back to be sent again. Invariant: empty, or something is in flight. */
  #retries: PendingBatch[] = []
  #identity: ProducerIdentity | null = null
  #lastProducerId: number | null = null
  #nextSequence = 0
  /** Whether the broker has accepted a batch under this identity. */
  #isKnownToBroker = false
  /** A batch failed for good, so the broker will miss its sequence numbers. */
  #hasGap = false
  /** The broker refused a batch because of the gap: nothing after the gap is stored. */
  #mustStartEpoch = false
  /** The broker has forgotten something of this epoch, so a batch that it refuses now it may have stored before. */
  #hasForgotten = false
  #retryAtMs = 0

  constructor(topic: string, partition: number, options: PartitionQueueOptions) {
    this.topic = topic
    this.partition = partition
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.length === 0 && this.#retries.length === 0
  }

  get identity(): ProducerIdentity | null {
    return this.#identity
  }

  get needsIdentity(): boolean {
    return this.#options.isIdempotent && this.#identity === null
  }

  /** The producer id in use, or the one that is used up: a new identity must have another. */
  get lastProducerId(): number | null {
    return this.#lastProducerId
  }

  setIdentity(identity: ProducerIdentity): void {
    invariant(identity.producerId !== this.#lastProducerId, 'a partition never comes back to a producer id')
    this.#identity = identity
    this.#lastProducerId = identity.producerId
    this.#restartSequence()
  }

  /** The batch that still takes records, if the last one does. */
  get openBatch(): PendingBatch | null {
    const last = this.#waiting.at(-1)
    return last === undefined || last.isClosed ? null : last
  }

  push(batch: PendingBatch): void {
    const last = this.#waiting.at(-1)
    if (last !== undefined) last.isClosed = true
    this.#waiting.push(batch)
  }

  /** When the next batch may leave: a time not after now means at once; infinity means that something must come back first. */
  readyAtMs(isFlushing: boolean): number {
    const head = this.#waiting[0]
    if (head === undefined || !this.#mayGoOn()) return Number.POSITIVE_INFINITY
    const isDue = isFlushing || head.isClosed || head.attempts > 0
    return Math.max(this.#retryAtMs, isDue ? 0 : head.createdAtMs + this.#options.lingerMs)
  }

  /** The batch at the head, without taking it. */
  get head(): PendingBatch | null {
    return this.#waiting[0] ?? null
  }

  /** Takes the head for sending. Only after `readyAtMs` has come and while `needsIdentity` is false. */
  take(): PendingBatch {
    const batch = this.#waiting.shift()
    invariant(batch !== undefined && this.#mayGoOn() && !this.needsIdentity, 'a batch is taken only when one may leave')
    batch.isClosed = true
    batch.attempts += 1
    if (this.#options.isIdempotent && batch.baseSequence === null) {
      batch.baseSequence = this.#nextSequence
      this.#nextSequence = nextSequence(this.#nextSequence, batch.count)
    }
    this.#inFlight.push(batch)
    return batch
  }

  succeeded(batch: PendingBatch): void {
    this.#isKnownToBroker = true
    this.#return(batch)
  }

  /** The batch is to be sent again, not before `retryAtMs`. The broker may hold it or not. */
  failedForNow(batch: PendingBatch, retryAtMs: number): void {
    this.#retryAtMs = Math.max(this.#retryAtMs, retryAtMs)
    this.#retries.push(batch)
    this.#return(batch)
  }

  /** The broker wants smaller batches: `parts` take the place of `batch`. */
  replaced(batch: PendingBatch, parts: readonly PendingBatch[]): void {
    this.#retries.push(...parts)
    this.#return(batch)
  }

  /** The batch will not be sent again. */
  failedForGood(batch: PendingBatch): void {
    if (batch.baseSequence !== null) this.#hasGap = true
    this.#return(batch)
  }

  /**
   * The broker refused the batch because of its sequence number. Returns false when nothing explains that: it has lost
   * records it had acknowledged, or forgotten that it has them, and the batch is returned as failed. What was sent before may be
   * stored as well then, and is not sent again.
   */
  refusedBySequence(batch: PendingBatch, retryAtMs: number): boolean {
    const isBehindAnother = this.#isBehind(batch, this.#retries) || this.#isBehind(batch, this.#inFlight)
    const isUnexplained = !this.#hasGap || (this.#hasForgotten && batch.attempts > 1)
    if (!isBehindAnother && isUnexplained) {
      this.#hasForgotten = true
      this.failedForGood(batch)
      return false
    }
    if (!isBehindAnother) this.#mustStartEpoch = true
    this.failedForNow(batch, retryAtMs)
    return true
  }

  /** The identity is of no more use: the next batch waits for a new one. */
  forgetIdentity(): void {
    this.#mustStartEpoch = true
    this.#hasGap = true
    this.#identity = null
    this.#settle()
  }

  /** Takes out the waiting batches whose time has come, added up as by whoever waits for it: both are fractions, and rounded. */
  expire(now: number, deliveryTimeoutMs: number): PendingBatch[] {
    const expired: PendingBatch[] = []
    while (this.#waiting[0] !== undefined && this.#waiting[0].createdAtMs + deliveryTimeoutMs <= now) {
      const batch = this.#waiting.shift()
      if (batch === undefined) break
      if (batch.baseSequence !== null) this.#hasGap = true
      expired.push(batch)
    }
    this.#settle()
    return expired
  }

  /** Takes out everything that waits. */
  clear(): PendingBatch[] {
    return this.expire(Number.POSITIVE_INFINITY, 0)
  }

  #mayGoOn(): boolean {
    if (this.#retries.length > 0 || this.#inFlight.length >= this.#options.maxInFlight) return false
    return !this.#options.isIdempotent || this.#isKnownToBroker || this.#inFlight.length === 0
  }

  #isBehind(batch: PendingBatch, others: readonly PendingBatch[]): boolean {
    return others.some((other) => other !== batch && sequenceIsBefore(other.baseSequence, batch.baseSequence))
  }

  #return(batch: PendingBatch): void {
    const index = this.#inFlight.indexOf(batch)
    invariant(index >= 0, 'only a batch in flight comes back', { topic: this.topic, partition: this.partition })
    this.#inFlight.splice(index, 1)
    this.#settle()
  }

  /** When nothing is in flight any more, what came back goes to the front again, in order. */
  #settle(): void {
    if (this.#inFlight.length > 0) return
    if (this.#retries.length > 0) {
      this.#retries.sort(bySequence)
      this.#waiting = [...this.#retries, ...this.#waiting]
      this.#retries = []
    }
    // P4: batches with a sequence number may be stored already, unless the broker has refused one of them for the gap.
    const isSafe = this.#mustStartEpoch || this.#waiting.every((batch) => batch.baseSequence === null)
    if (this.#options.isIdempotent && this.#hasGap && isSafe) this.#startEpoch()
  }

  #startEpoch(): void {
    for (const batch of this.#waiting) batch.baseSequence = null
    if (this.#identity !== null) {
      const { producerId, producerEpoch } = this.#identity
      this.#identity = producerEpoch >= LAST_EPOCH ? null : { producerId, producerEpoch: producerEpoch + 1 }
    }
    this.#restartSequence()
  }

  #restartSequence(): void {
    this.#nextSequence = 0
    this.#isKnownToBroker = false
    this.#hasGap = false
    this.#mustStartEpoch = false
    this.#hasForgotten = false
  }
}

/** Without sequence numbers the order stays: that of the answers, which is that of sending. */
function bySequence(left: PendingBatch, right: PendingBatch): number {
  if (sequenceIsBefore(left.baseSequence, right.baseSequence)) return -1
  return sequenceIsBefore(right.baseSequence, left.baseSequence) ? 1 : 0
}

/** Compares on the circle of sequence numbers: the nearer way round decides. */
function sequenceIsBefore(left: number | null, right: number | null): boolean {
  if (left === null || right === null) return false
  const distance = (right - left + 2 ** 31) % 2 ** 31
  return distance > 0 && distance < 2 ** 30
}
