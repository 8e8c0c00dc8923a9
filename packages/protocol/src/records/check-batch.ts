/**
 * What the leader of a partition checks of a produced batch before it takes it, header first: everything that can be said
 * without looking at the records, the crc last because it is dearest.
 *
 * The rules are Apache Kafka's for what a client may send: exactly one batch, magic 2, offsets from 0, a count that fits, no
 * control batch, and a sequence where there is a producer id.
 */
import { ERROR_CODES } from '../error-codes.ts'
import type { ErrorCode } from '../error-codes.ts'
import {
  ATTRIBUTES,
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchCodec,
  batchCrc,
  batchMagic,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeInBytes,
  checkedBytes,
  lastOffsetDelta,
  MAGIC,
  readInt64,
} from './record-batch.ts'

export interface BatchRules {
  readonly maxBytes: number
  /** zstd may only come with produce version 7 or later. */
  readonly isZstdAllowed: boolean
}

export interface BatchRefusal {
  readonly errorCode: ErrorCode
  readonly message: string
}

/** Null when the batch may be taken as far as its header and crc tell. */
export function checkBatch(bytes: Uint8Array, rules: BatchRules, crc32c: (bytes: Uint8Array) => number): BatchRefusal | null {
  if (bytes.length < BATCH_HEADER_BYTES) {
    return invalid(`record batch of ${bytes.length} bytes is shorter than its header`)
  }
  const magic = batchMagic(bytes, 0)
  if (magic !== MAGIC) return invalid(`record batch has magic ${magic}, only ${MAGIC} is accepted`)
  const size = batchSizeInBytes(bytes, 0)
  if (size < BATCH_HEADER_BYTES) return corrupt(`record batch says it has ${size} bytes, fewer than its header`)
  if (size > bytes.length) return invalid(`record batch says it has ${size} bytes, and ${bytes.length} were sent`)
  if (size < bytes.length) return invalid('more than one record batch was sent for a partition')
  if (size > rules.maxBytes) {
    return {
      errorCode: ERROR_CODES.MESSAGE_TOO_LARGE,
      message: `record batch of ${size} bytes is larger than max.message.bytes (${rules.maxBytes})`,
    }
  }
  if (batchBaseOffset(bytes, 0) !== 0) return invalid(`base offset of a produced batch is ${batchBaseOffset(bytes, 0)} instead of 0`)
  const count = batchRecordCount(bytes, 0)
  if (count <= 0 || count !== lastOffsetDelta(bytes, 0) + 1) {
    return invalid(`record batch has ${count} records and last offset delta ${lastOffsetDelta(bytes, 0)}`)
  }
  const attributes = batchAttributes(bytes, 0)
  if ((attributes & ATTRIBUTES.control) !== 0) return invalid('control batches are written by brokers only')
  const codec = batchCodec(bytes, 0)
  if (codec === undefined) {
    return { errorCode: ERROR_CODES.UNSUPPORTED_COMPRESSION_TYPE, message: `unknown codec ${attributes & ATTRIBUTES.codecMask}` }
  }
  if (codec === 'zstd' && !rules.isZstdAllowed) {
    return { errorCode: ERROR_CODES.UNSUPPORTED_COMPRESSION_TYPE, message: 'zstd needs produce version 7 or later' }
  }
  const producerId = batchProducerId(bytes, 0)
  if (!Number.isSafeInteger(producerId)) return invalid('producer id is out of range')
  if (producerId >= 0 && (batchProducerEpoch(bytes, 0) < 0 || batchBaseSequence(bytes, 0) < 0)) {
    return invalid(`batch of producer ${producerId} has epoch ${batchProducerEpoch(bytes, 0)} and sequence ${batchBaseSequence(bytes, 0)}`)
  }
  if (producerId < 0 && (attributes & ATTRIBUTES.transactional) !== 0) return invalid('transactional batch without a producer id')
  if (!Number.isSafeInteger(readInt64(bytes, 27)) || !Number.isSafeInteger(readInt64(bytes, 35)))
    return invalid('timestamp is out of range')
  const crc = crc32c(checkedBytes(bytes, 0))
  if (crc !== batchCrc(bytes, 0)) return corrupt(`crc of the record batch is ${batchCrc(bytes, 0)}, its bytes give ${crc}`)
  return null
}

function invalid(message: string): BatchRefusal {
  return { errorCode: ERROR_CODES.INVALID_RECORD, message }
}

function corrupt(message: string): BatchRefusal {
  return { errorCode: ERROR_CODES.CORRUPT_MESSAGE, message }
}
