/** Record batches: views, checks, reading and building. */
export { buildBatch, type BatchInput, type RecordInput } from './build-batch.ts'
export { checkBatch, type BatchRefusal, type BatchRules } from './check-batch.ts'
export { checkRecords, type RecordRefusal, type RecordRules, type RecordsCheck } from './check-records.ts'
export {
  buildMarker,
  CONTROL_TYPES,
  readMarker,
  type EndTransactionMarker,
  type MarkerInput,
  type TransactionMarker,
} from './control-record.ts'
export { crc32cByTables } from './crc32c.ts'
export { readRecords, uncompressedRecords, type DecodedRecord, type Decompress } from './read-records.ts'
export { rebuildBatch, type RebuildInput } from './rebuild-batch.ts'
export {
  addToSequence,
  ATTRIBUTES,
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  baseTimestamp,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchCodec,
  batchCrc,
  batchLastOffset,
  batchLastSequence,
  batchMagic,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeInBytes,
  checkedBytes,
  CODECS,
  decodeBatchHeader,
  hasLogAppendTime,
  isControl,
  isTransactional,
  lastOffsetDelta,
  MAGIC,
  maxTimestamp,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  partitionLeaderEpoch,
  recordBytes,
  setBaseOffset,
  setLogAppendTime,
  setPartitionLeaderEpoch,
  updateCrc,
  type BatchHeader,
  type Codec,
} from './record-batch.ts'
export { RecordCursor, RecordError, varintSize, writeVarint } from './record-cursor.ts'
