/** Control records: how a transaction's end is marked in the log of each of its partitions. */
import { buildBatch } from './build-batch.ts'
import { batchRecordCount, recordBytes } from './record-batch.ts'
import { RecordCursor } from './record-cursor.ts'

export const CONTROL_TYPES = { abort: 0, commit: 1 } as const
export type TransactionMarker = keyof typeof CONTROL_TYPES

export interface EndTransactionMarker {
  /** Null for a control record that is no transaction marker. */
  readonly type: TransactionMarker | null
  readonly coordinatorEpoch: number
}

/** Reads the control batch that lies at `at`; null where it holds no readable control record. */
export function readMarker(bytes: Uint8Array, at: number): EndTransactionMarker | null {
  if (batchRecordCount(bytes, at) !== 1) return null
  const cursor = new RecordCursor(recordBytes(bytes, at))
  if (!cursor.next()) return null
  const key = cursor.key()
  const value = cursor.value()
  if (key === null || key.length < 4) return null
  const number = ((key[2] as number) << 8) | (key[3] as number)
  const type = number === CONTROL_TYPES.abort ? 'abort' : number === CONTROL_TYPES.commit ? 'commit' : null
  const coordinatorEpoch =
    value === null || value.length < 6 ? -1 : new DataView(value.buffer, value.byteOffset, value.byteLength).getInt32(2)
  return { type, coordinatorEpoch }
}

export interface MarkerInput {
  readonly type: TransactionMarker
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly timestamp: number
  readonly crc32c: (bytes: Uint8Array) => number
}

/** A transaction marker as a batch of 78 bytes. */
export function buildMarker(input: MarkerInput): Uint8Array {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setInt16(2, CONTROL_TYPES[input.type])
  const value = new Uint8Array(6)
  new DataView(value.buffer).setInt32(2, input.coordinatorEpoch)
  return buildBatch({
    records: [{ timestamp: input.timestamp, key, value }],
    producerId: input.producerId,
    producerEpoch: input.producerEpoch,
    isTransactional: true,
    isControl: true,
    crc32c: input.crc32c,
  })
}
