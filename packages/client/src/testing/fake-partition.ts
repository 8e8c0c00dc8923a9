/**
 * One partition as a leader keeps it: batches in order, and what it remembers of each producer. It judges sequence numbers
 * as Kafka does, because that is what the producer's promises are held against.
 */
import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastSequence,
  batchProducerEpoch,
  batchProducerId,
  batchSizeInBytes,
  type DecodedRecord,
  type Decompress,
  ERROR_CODES,
  lastOffsetDelta,
  readRecords,
  setBaseOffset,
} from '@millrace/protocol'

interface RememberedBatch {
  readonly baseSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
}

interface RememberedProducer {
  epoch: number
  /** The last five, newest last. */
  batches: RememberedBatch[]
}

export interface AppendOutcome {
  readonly errorCode: number
  readonly baseOffset: number
}

const REMEMBERED_BATCHES = 5

export class FakePartition {
  leaderId: number
  leaderEpoch = 0
  startOffset = 0
  readonly batches: Uint8Array[] = []
  readonly #producers = new Map<number, RememberedProducer>()
  #waiters: (() => void)[] = []

  constructor(leaderId: number) {
    this.leaderId = leaderId
  }

  get endOffset(): number {
    const last = this.batches.at(-1)
    return last === undefined ? this.startOffset : batchLastOffset(last, 0) + 1
  }

  append(received: Uint8Array): AppendOutcome {
    const batch = received.slice()
    const refusal = this.#judge(batch)
    if (refusal !== null) return refusal
    const baseOffset = this.endOffset
    setBaseOffset(batch, 0, baseOffset)
    this.batches.push(batch)
    this.#remember(batch, baseOffset)
    for (const wake of this.#waiters.splice(0)) wake()
    return { errorCode: ERROR_CODES.NONE, baseOffset }
  }

  /** All batches from the one that contains `offset`. */
  bytesFrom(offset: number, maxBytes: number): Uint8Array {
    const parts: Uint8Array[] = []
    let sizeBytes = 0
    for (const batch of this.batches) {
      if (batchLastOffset(batch, 0) < offset) continue
      if (parts.length > 0 && sizeBytes + batch.length > maxBytes) break
      parts.push(batch)
      sizeBytes += batch.length
    }
    const bytes = new Uint8Array(sizeBytes)
    let position = 0
    for (const part of parts) {
      bytes.set(part, position)
      position += part.length
    }
    return bytes
  }

  records(decompress: Decompress): DecodedRecord[] {
    return this.batches.flatMap((batch) => readRecords(batch, 0, decompress))
  }

  /** Calls `wake` at the next append. */
  onAppend(wake: () => void): void {
    this.#waiters.push(wake)
  }

  #judge(batch: Uint8Array): AppendOutcome | null {
    if (batchSizeInBytes(batch, 0) !== batch.length || batchBaseOffset(batch, 0) !== 0) return refused(ERROR_CODES.INVALID_RECORD)
    const producerId = batchProducerId(batch, 0)
    const producer = this.#producers.get(producerId)
    if (producerId < 0 || producer === undefined) return null
    const epoch = batchProducerEpoch(batch, 0)
    const baseSequence = batchBaseSequence(batch, 0)
    const lastSequence = batchLastSequence(batch, 0)
    if (epoch < producer.epoch) return refused(ERROR_CODES.INVALID_PRODUCER_EPOCH)
    if (epoch > producer.epoch) return baseSequence === 0 ? null : refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER)
    const known = producer.batches.find((entry) => entry.baseSequence === baseSequence && entry.lastSequence === lastSequence)
    if (known !== undefined) return { errorCode: ERROR_CODES.NONE, baseOffset: known.baseOffset }
    const expected = ((producer.batches.at(-1)?.lastSequence ?? -1) + 1) % 2 ** 31
    return baseSequence === expected ? null : refused(ERROR_CODES.OUT_OF_ORDER_SEQUENCE_NUMBER)
  }

  #remember(batch: Uint8Array, baseOffset: number): void {
    const producerId = batchProducerId(batch, 0)
    if (producerId < 0) return
    const epoch = batchProducerEpoch(batch, 0)
    let producer = this.#producers.get(producerId)
    if (producer === undefined || producer.epoch !== epoch) {
      producer = { epoch, batches: [] }
      this.#producers.set(producerId, producer)
    }
    const baseSequence = batchBaseSequence(batch, 0)
    producer.batches.push({ baseSequence, lastSequence: (baseSequence + lastOffsetDelta(batch, 0)) % 2 ** 31, baseOffset })
    if (producer.batches.length > REMEMBERED_BATCHES) producer.batches.shift()
  }
}

function refused(errorCode: number): AppendOutcome {
  return { errorCode, baseOffset: -1 }
}
