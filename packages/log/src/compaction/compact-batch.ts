/**
 * What a compaction leaves of one batch. The rules:
 *
 * - of each key the record with the latest offset stays; older ones, and those without a key, go;
 * - a record without a value (a tombstone) stays until the batch's delete horizon has passed, which the first compaction that
 *   comes by sets, so that consumers have that long to learn of the deletion;
 * - aborted records go at once, a transaction's marker when nothing of the transaction is left and the horizon has passed;
 * - the last batch of a producer keeps its header, for replicas and restarts derive its sequence from it, and the last marker
 *   of one whose batches are forgotten stays whole, for it says its epoch.
 */
import {
  batchBaseOffset,
  batchCodec,
  batchLastOffset,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  baseTimestamp,
  isControl,
  maxTimestamp,
  NO_TIMESTAMP,
  readMarker,
  recordBytes,
  RecordCursor,
  RecordError,
} from '@millrace/protocol'
import type { LogEnvironment } from '../log-environment.ts'
import type { AbortedTransaction } from '../transaction-index.ts'
import type { OffsetMap } from './offset-map.ts'
import { deleteHorizonOf, type KeptRecords, withoutRecords, withRecords } from './rewrite-batch.ts'
import type { SeenTransactions } from './seen-transactions.ts'
import type { Turns } from './turns.ts'

/** Where a producer had come to when the compaction began. */
export interface ProducerEnd {
  /** Offset of its last record, -1 when it has none of its current epoch. */
  readonly lastDataOffset: number
  readonly producerEpoch: number
}

export interface CompactionRules {
  /** Latest offsets of keys below `endOffset`; records from there on stay as they are. */
  readonly latest: OffsetMap
  readonly endOffset: number
  readonly transactions: SeenTransactions
  /** By producer id. */
  readonly producers: ReadonlyMap<number, ProducerEnd>
  readonly nowMs: number
  /** The horizon that tombstones and markers get now. */
  readonly newHorizonMs: number
}

export interface CompactedBatch {
  /** Null when nothing is left; the very batch when it stays as it is. */
  readonly batch: Uint8Array | null
  /** A transaction whose marker this is, for the index. */
  readonly aborted: AbortedTransaction | null
}

/** No batch decompresses to more than this; what does was not taken by any broker. */
const UNCOMPRESSED_BYTES_MAX = 128 * 1024 * 1024
/** Smaller batches are decompressed sooner than another thread could be asked to. */
const INLINE_COMPRESSED_BYTES = 16 * 1024

/** Rejects with a `RecordError` or a `CompressionError` where the batch is not what it says. */
export async function compactBatch(
  environment: LogEnvironment,
  batch: Uint8Array,
  rules: CompactionRules,
  turns: Turns,
): Promise<CompactedBatch> {
  if (isControl(batch, 0)) return compactMarker(environment, batch, rules)
  const isAborted = rules.transactions.passData(batch, 0)
  if (!isAborted && batchBaseOffset(batch, 0) >= rules.endOffset) return { batch, aborted: null }
  const isEmpty = isAborted || batchRecordCount(batch, 0) === 0
  const kept = isEmpty ? null : keptRecords(batch, await uncompressedRecords(environment, batch, turns), rules)
  return { batch: kept === null ? lastHeader(environment, batch, rules) : rewritten(environment, batch, kept, rules), aborted: null }
}

/** The records of a batch. */
export async function uncompressedRecords({ compression }: LogEnvironment, batch: Uint8Array, turns: Turns): Promise<Uint8Array> {
  const codec = batchCodec(batch, 0)
  if (codec === undefined) throw new RecordError('record batch with an unknown codec')
  const body = recordBytes(batch, 0)
  if (codec === 'none') return body
  const records =
    body.length <= INLINE_COMPRESSED_BYTES
      ? compression.decompress(codec, body, UNCOMPRESSED_BYTES_MAX)
      : await compression.decompressAsync(codec, body, UNCOMPRESSED_BYTES_MAX)
  turns.worked(records.length)
  return records
}

interface Kept extends KeptRecords {
  readonly isWhole: boolean
  readonly hasTombstone: boolean
}

/** Null when none is. */
function keptRecords(batch: Uint8Array, records: Uint8Array, rules: CompactionRules): Kept | null {
  const { latest, endOffset, nowMs } = rules
  const horizonMs = deleteHorizonOf(batch)
  const isPastHorizon = horizonMs !== null && horizonMs <= nowMs
  const baseOffset = batchBaseOffset(batch, 0)
  const base = baseTimestamp(batch, 0)
  const cursor = new RecordCursor(records)
  const runs: number[] = []
  let seen = 0
  let count = 0
  let newest = NO_TIMESTAMP
  let hasTombstone = false
  while (cursor.next()) {
    seen += 1
    const offset = baseOffset + cursor.offsetDelta
    if (offset < endOffset) {
      if (cursor.keyLength < 0 || latest.get(cursor.bytes, cursor.keyStart, cursor.keyLength) > offset) continue
      if (cursor.valueLength < 0) {
        if (isPastHorizon) continue
        hasTombstone = true
      }
    }
    count += 1
    newest = Math.max(newest, base + cursor.timestampDelta)
    if (runs.at(-1) === cursor.start) runs[runs.length - 1] = cursor.end
    else runs.push(cursor.start, cursor.end)
  }
  if (seen !== batchRecordCount(batch, 0)) throw new RecordError(`record batch says ${batchRecordCount(batch, 0)} records and has ${seen}`)
  return count === 0 ? null : { records, runs, count, maxTimestamp: newest, isWhole: count === seen, hasTombstone }
}

function rewritten(environment: LogEnvironment, batch: Uint8Array, kept: Kept, rules: CompactionRules): Uint8Array {
  const needsHorizon = kept.hasTombstone && deleteHorizonOf(batch) === null
  if (kept.isWhole && !needsHorizon) return batch
  return withRecords(environment, batch, kept, needsHorizon ? rules.newHorizonMs : null)
}

function lastHeader(environment: LogEnvironment, batch: Uint8Array, { producers }: CompactionRules): Uint8Array | null {
  const end = producers.get(batchProducerId(batch, 0))
  if (end === undefined || end.lastDataOffset !== batchLastOffset(batch, 0)) return null
  return batchRecordCount(batch, 0) === 0 ? batch : withoutRecords(environment, batch)
}

function compactMarker(environment: LogEnvironment, batch: Uint8Array, rules: CompactionRules): CompactedBatch {
  const marker = readMarker(batch, 0)
  const isEmptied = batchRecordCount(batch, 0) === 0
  if (!isEmptied && (marker === null || marker.type === null)) return { batch, aborted: null }
  const { isNeedless, aborted } = rules.transactions.passMarker(batch, 0)
  if (!isNeedless && !isEmptied) return { batch, aborted }
  const end = rules.producers.get(batchProducerId(batch, 0))
  const isLast = end !== undefined && end.lastDataOffset < 0 && end.producerEpoch === batchProducerEpoch(batch, 0)
  if (isEmptied) return { batch: isLast ? batch : null, aborted: null }
  const horizonMs = deleteHorizonOf(batch)
  if (horizonMs !== null) return { batch: horizonMs <= rules.nowMs && !isLast ? null : batch, aborted: null }
  const records = recordBytes(batch, 0)
  const time = maxTimestamp(batch, 0)
  const whole: KeptRecords = { records, runs: [0, records.length], count: 1, maxTimestamp: time }
  return { batch: withRecords(environment, batch, whole, rules.newHorizonMs), aborted: null }
}
