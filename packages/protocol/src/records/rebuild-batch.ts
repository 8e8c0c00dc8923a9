/** Writes a client's batch anew, with another codec or with what its header should have said of its records. */
import { buildBatch } from './build-batch.ts'
import { batchBaseSequence, batchProducerEpoch, batchProducerId, isTransactional, baseTimestamp } from './record-batch.ts'
import type { Codec } from './record-batch.ts'
import { RecordCursor } from './record-cursor.ts'
import type { RecordInput } from './build-batch.ts'

export interface RebuildInput {
  readonly codec: Codec
  readonly compress: (codec: Exclude<Codec, 'none'>, bytes: Uint8Array) => Uint8Array
  readonly crc32c: (bytes: Uint8Array) => number
}

/** `records` are the checked, uncompressed records of the batch at `bytes[0]`. Offsets come out as 0, 1, 2 and so on. */
export function rebuildBatch(bytes: Uint8Array, records: Uint8Array, input: RebuildInput): Uint8Array {
  const base = baseTimestamp(bytes, 0)
  const cursor = new RecordCursor(records)
  const inputs: RecordInput[] = []
  while (cursor.next()) {
    inputs.push({ timestamp: base + cursor.timestampDelta, key: cursor.key(), value: cursor.value(), headers: cursor.headers() })
  }
  return buildBatch({
    records: inputs,
    codec: input.codec,
    compress: input.compress,
    crc32c: input.crc32c,
    producerId: batchProducerId(bytes, 0),
    producerEpoch: batchProducerEpoch(bytes, 0),
    baseSequence: batchBaseSequence(bytes, 0),
    isTransactional: isTransactional(bytes, 0),
  })
}
