/**
 * A transactional id and its transaction (record type 0 of `__transaction_state`). The topic is compacted, so the latest record of an
 * id says everything; without a value the id is forgotten.
 *
 * Value version 1 is the first flexible one. It is written when it has something to say that version 0 cannot carry, which brokers
 * older than the feature `transaction.version` could not read.
 */
import { array, type Decoded, defineMessage, int16, int32, int64, int8, ProtocolError, string } from '@millrace/protocol'
import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID, type Transaction, TRANSACTION_STATES } from '../transaction/state.ts'
import { defineRecord, recordCodec, type RecordBytes, type UnknownRecord } from './record-format.ts'

export const transactionLogRecord = defineRecord({
  type: 'transaction',
  recordType: 0,
  key: defineMessage({
    name: 'TransactionLogKey',
    validVersions: '0',
    flexibleVersions: 'none',
    fields: { transactionalId: string('0+') },
  }),
  value: defineMessage({
    name: 'TransactionLogValue',
    validVersions: '0-1',
    flexibleVersions: '1+',
    fields: {
      producerId: int64('0+'),
      previousProducerId: int64('1+', { tag: 0, tagged: '1+', default: -1 }),
      nextProducerId: int64('1+', { tag: 1, tagged: '1+', default: -1 }),
      producerEpoch: int16('0+'),
      nextProducerEpoch: int16('1+', { tag: 3, tagged: '1+', default: -1 }),
      transactionTimeoutMs: int32('0+'),
      transactionStatus: int8('0+'),
      transactionPartitions: array('0+', { topic: string('0+'), partitionIds: array('0+', int32('0+')) }, { nullable: '0+' }),
      transactionLastUpdateTimestampMs: int64('0+'),
      transactionStartTimestampMs: int64('0+'),
      clientTransactionVersion: int16('1+', { tag: 2, tagged: '1+' }),
    },
  }),
  valueVersion: ({ previousProducerId, nextProducerId, clientTransactionVersion }) =>
    previousProducerId === NO_PRODUCER_ID && nextProducerId === NO_PRODUCER_ID && clientTransactionVersion === 0 ? 0 : 1,
})

export type TransactionRecord =
  | {
      readonly type: 'transaction'
      readonly transactionalId: string
      /** Null: the id is forgotten. */
      readonly transaction: Transaction | null
    }
  | UnknownRecord

const codec = recordCodec([transactionLogRecord])

export function encodeTransactionRecord(record: TransactionRecord): RecordBytes {
  if (record.type === 'unknown') return codec.encode(record)
  const { transactionalId, transaction } = record
  return codec.encode({ type: 'transaction', key: { transactionalId }, value: transaction === null ? null : valueOf(transaction) })
}

/** Throws a `ProtocolError` for bytes that are damaged, and for a value that a newer version wrote. */
export function decodeTransactionRecord(key: Uint8Array, value: Uint8Array | null): TransactionRecord {
  const record = codec.decode(key, value)
  if (record.type === 'unknown') return record
  const { transactionalId } = record.key
  return { type: 'transaction', transactionalId, transaction: record.value === null ? null : transactionOf(record.value) }
}

type TransactionLogValue = Decoded<typeof transactionLogRecord.value>

function valueOf(transaction: Transaction): TransactionLogValue {
  const { state, partitions } = transaction
  return {
    producerId: transaction.producerId,
    previousProducerId: transaction.previousProducerId,
    nextProducerId: transaction.nextProducerId,
    producerEpoch: transaction.producerEpoch,
    // Of two-phase commits (KIP-939), which are not taken part in.
    nextProducerEpoch: NO_PRODUCER_EPOCH,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStatus: TRANSACTION_STATES.indexOf(state),
    // Kafka writes null here, and an empty list for a transaction that is complete.
    transactionPartitions: state === 'Empty' ? null : partitions.map(({ topic, partitions: ids }) => ({ topic, partitionIds: ids })),
    transactionLastUpdateTimestampMs: transaction.updateMs,
    transactionStartTimestampMs: transaction.startMs,
    clientTransactionVersion: transaction.transactionVersion,
  }
}

function transactionOf(value: TransactionLogValue): Transaction {
  const state = TRANSACTION_STATES[value.transactionStatus]
  if (state === undefined) {
    throw new ProtocolError('ERR_PROTOCOL_MALFORMED', `a transaction in state ${value.transactionStatus}, which does not exist`)
  }
  return {
    producerId: value.producerId,
    producerEpoch: value.producerEpoch,
    previousProducerId: value.previousProducerId,
    nextProducerId: value.nextProducerId,
    timeoutMs: value.transactionTimeoutMs,
    state,
    partitions: (value.transactionPartitions ?? []).map(({ topic, partitionIds }) => ({ topic, partitions: partitionIds })),
    startMs: value.transactionStartTimestampMs,
    updateMs: value.transactionLastUpdateTimestampMs,
    transactionVersion: value.clientTransactionVersion,
  }
}
