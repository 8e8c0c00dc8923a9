import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { checkDataBatch, checkMarker, type TransactionVersion } from './append-rules.ts'
import { type DataBatch, type ProducerEntry, type TransactionMarker, unknownProducer } from './producer-entry.ts'

/** Epoch 3, has sent sequences up to 9, no transaction under way, last marker from coordinator epoch 5. */
const KNOWN: ProducerEntry = {
  producerId: 7,
  producerEpoch: 3,
  coordinatorEpoch: 5,
  lastTimestamp: 1000,
  currentTxnFirstOffset: -1,
  batches: [{ lastSequence: 9, lastOffset: 109, offsetDelta: 9, timestamp: 1000 }],
}
const IN_TRANSACTION: ProducerEntry = { ...KNOWN, currentTxnFirstOffset: 100 }
/** A marker began its epoch: it has sent nothing in it. */
const AFTER_MARKER: ProducerEntry = { ...KNOWN, batches: [] }
const UNKNOWN = unknownProducer(7)

const data = (producerEpoch: number, firstSequence: number, isTransactional = false): DataBatch => ({
  producerId: 7,
  producerEpoch,
  firstSequence,
  lastSequence: firstSequence,
  baseOffset: 110,
  lastOffset: 110,
  maxTimestamp: 1001,
  isTransactional,
})
const marker = (producerEpoch: number, coordinatorEpoch: number): TransactionMarker => ({
  producerId: 7,
  producerEpoch,
  coordinatorEpoch,
  offset: 110,
  timestamp: 1001,
  isAbort: true,
})

const { INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE, TRANSACTION_COORDINATOR_FENCED } = ERROR_CODES

describe('a batch', () => {
  it.each<[string, ProducerEntry, DataBatch, TransactionVersion, number | null]>([
    ['that is next', KNOWN, data(3, 10), 0, null],
    ['that leaves a gap', KNOWN, data(3, 11), 0, OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['that comes again and is no longer remembered', KNOWN, data(3, 9), 0, OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['of an old epoch', KNOWN, data(2, 10), 0, INVALID_PRODUCER_EPOCH],
    ['that begins a new epoch', KNOWN, data(4, 0), 0, null],
    ['of a new epoch that does not begin at 0', KNOWN, data(4, 10), 0, OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['that is the first of an epoch that a marker began', AFTER_MARKER, data(3, 0), 2, null],
    ['that is not the first of an epoch that a marker began', AFTER_MARKER, data(3, 1), 2, OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['of an unknown producer from 0', UNKNOWN, data(0, 0), 0, null],
    ['of an unknown producer from the middle', UNKNOWN, data(5, 77), 0, null],
    ['of an unknown producer from the middle, transactions of version 1', UNKNOWN, data(5, 77, true), 1, null],
    ['of an unknown producer from the middle, transactions of version 2', UNKNOWN, data(5, 77, true), 2, OUT_OF_ORDER_SEQUENCE_NUMBER],
    ['of an unknown producer from 0, transactions of version 2', UNKNOWN, data(5, 0, true), 2, null],
    ['outside of the transaction under way', IN_TRANSACTION, data(3, 10), 0, INVALID_TXN_STATE],
    ['within the transaction under way', IN_TRANSACTION, data(3, 10, true), 0, null],
    ['that begins a transaction', KNOWN, data(3, 10, true), 0, null],
    ['of an old epoch within a transaction', IN_TRANSACTION, data(2, 10, true), 0, INVALID_PRODUCER_EPOCH],
  ])('%s', (_, entry, batch, version, expected) => {
    expect(checkDataBatch(entry, batch, version)?.errorCode ?? null).toBe(expected)
  })

  it('follows the largest sequence with 0', () => {
    const last = { ...KNOWN, batches: [{ lastSequence: 2 ** 31 - 1, lastOffset: 109, offsetDelta: 9, timestamp: 1 }] }
    expect(checkDataBatch(last, data(3, 0), 0)).toBeNull()
  })

  it('is refused in words that say what came and what was expected', () => {
    expect(checkDataBatch(KNOWN, data(3, 12), 0)?.message).toBe('producer 7 sent sequence 12 after 9')
    expect(checkDataBatch(KNOWN, data(1, 10), 0)?.message).toBe('producer 7 has epoch 1, its current one is 3')
  })
})

describe('a marker', () => {
  it.each<[string, ProducerEntry, TransactionMarker, TransactionVersion, number | null]>([
    ['of the transaction under way', IN_TRANSACTION, marker(3, 5), 0, null],
    ['of a new coordinator', IN_TRANSACTION, marker(3, 6), 1, null],
    ['of an old coordinator', IN_TRANSACTION, marker(3, 4), 0, TRANSACTION_COORDINATOR_FENCED],
    ['of an old epoch', IN_TRANSACTION, marker(2, 5), 0, INVALID_PRODUCER_EPOCH],
    ['of a new epoch, which fences the producer', IN_TRANSACTION, marker(4, 5), 0, null],
    ['where no transaction is under way', KNOWN, marker(3, 5), 0, null],
    ['for an unknown producer', UNKNOWN, marker(0, 0), 0, null],
    ['of version 2 with the epoch of its transaction', IN_TRANSACTION, marker(3, 5), 2, INVALID_PRODUCER_EPOCH],
    ['of version 2 with the next epoch', IN_TRANSACTION, marker(4, 5), 2, null],
    ['of version 2 that comes again', AFTER_MARKER, marker(3, 5), 2, null],
  ])('%s', (_, entry, given, version, expected) => {
    expect(checkMarker(entry, given, version)?.errorCode ?? null).toBe(expected)
  })
})
