/**
 * What a partition remembers of one producer. Entries are never changed: an append makes the next one from the last, so what
 * was staged can be dropped by forgetting it.
 */
import { firstSequenceOf, NO_SEQUENCE } from './sequence.ts'

/** Batches by which a retry is recognised: as many as an idempotent producer has under way. */
export const REMEMBERED_BATCHES = 5

export interface RememberedBatch {
  readonly lastSequence: number
  readonly lastOffset: number
  /** Last offset - base offset. */
  readonly offsetDelta: number
  readonly timestamp: number
}

export interface ProducerEntry {
  readonly producerId: number
  readonly producerEpoch: number
  /** Of the last transaction marker; -1 before there was one. */
  readonly coordinatorEpoch: number
  /** Largest timestamp of the last batch: what expiry goes by. */
  readonly lastTimestamp: number
  /** First offset of the transaction under way, -1 for none. */
  readonly currentTxnFirstOffset: number
  /** Of `producerEpoch`, oldest first. Empty after a marker that began a new epoch. */
  readonly batches: readonly RememberedBatch[]
}

export const NO_OFFSET = -1
export const NO_COORDINATOR_EPOCH = -1
export const NO_PRODUCER_EPOCH = -1

/** What is assumed of a producer that was never seen, or was forgotten. */
export function unknownProducer(producerId: number): ProducerEntry {
  return {
    producerId,
    producerEpoch: NO_PRODUCER_EPOCH,
    coordinatorEpoch: NO_COORDINATOR_EPOCH,
    lastTimestamp: -1,
    currentTxnFirstOffset: NO_OFFSET,
    batches: [],
  }
}

export function lastSequence(entry: ProducerEntry): number {
  return entry.batches.at(-1)?.lastSequence ?? NO_SEQUENCE
}

/** Last offset of the producer's last data batch, -1 when none is remembered. */
export function lastDataOffset(entry: ProducerEntry): number {
  return entry.batches.at(-1)?.lastOffset ?? NO_OFFSET
}

/** Whether a transaction of that epoch is under way. */
export function hasTransaction(entry: ProducerEntry, producerEpoch: number): boolean {
  return entry.currentTxnFirstOffset !== NO_OFFSET && entry.producerEpoch === producerEpoch
}

/** The remembered batch that this one repeats. */
export function findDuplicate(
  entry: ProducerEntry,
  producerEpoch: number,
  firstSequence: number,
  lastSequenceOfBatch: number,
): RememberedBatch | undefined {
  // Coordinators number nothing: what looks the same need not be.
  if (entry.producerEpoch !== producerEpoch || firstSequence === NO_SEQUENCE) return undefined
  return entry.batches.find(
    (batch) => batch.lastSequence === lastSequenceOfBatch && firstSequenceOf(batch.lastSequence, batch.offsetDelta) === firstSequence,
  )
}

/** What tells a batch of a producer from its others. */
export interface BatchIdentity {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 for what coordinators append in the name of a producer. */
  readonly firstSequence: number
  readonly lastSequence: number
}

export interface DataBatch extends BatchIdentity {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly isTransactional: boolean
}

export function withBatch(entry: ProducerEntry, batch: DataBatch): ProducerEntry {
  const kept = entry.producerEpoch === batch.producerEpoch ? entry.batches.slice(1 - REMEMBERED_BATCHES) : []
  kept.push({
    lastSequence: batch.lastSequence,
    lastOffset: batch.lastOffset,
    offsetDelta: batch.lastOffset - batch.baseOffset,
    timestamp: batch.maxTimestamp,
  })
  const begins = batch.isTransactional && entry.currentTxnFirstOffset === NO_OFFSET
  return {
    producerId: entry.producerId,
    producerEpoch: batch.producerEpoch,
    coordinatorEpoch: entry.coordinatorEpoch,
    lastTimestamp: batch.maxTimestamp,
    currentTxnFirstOffset: begins ? batch.baseOffset : entry.currentTxnFirstOffset,
    batches: kept,
  }
}

export interface TransactionMarker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly offset: number
  readonly timestamp: number
  readonly isAbort: boolean
}

export function withMarker(entry: ProducerEntry, marker: TransactionMarker): ProducerEntry {
  return {
    producerId: entry.producerId,
    producerEpoch: marker.producerEpoch,
    coordinatorEpoch: marker.coordinatorEpoch,
    lastTimestamp: marker.timestamp,
    currentTxnFirstOffset: NO_OFFSET,
    batches: entry.producerEpoch === marker.producerEpoch ? entry.batches : [],
  }
}
