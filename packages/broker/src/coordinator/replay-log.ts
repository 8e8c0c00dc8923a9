/**
 * Reads a coordinator's log from its start to its end, piece by piece, and hands over what it holds in the order in which it was
 * written. It lets others have their turn after every few milliseconds, for a log may hold a hundred thousand records.
 *
 * What lies in the log was checked when it was appended, on this disk or on another. Its checksums are looked at again: a coordinator
 * that believed a damaged record would write more of it.
 */
import type { RecordOrigin, TransactionalOrigin } from '@millrace/coordinator'
import { LogCorruptError, type PartitionLog } from '@millrace/log'
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchCrc,
  batchLastOffset,
  batchProducerEpoch,
  batchProducerId,
  batchSizeInBytes,
  checkedBytes,
  isControl,
  isTransactional,
  readMarker,
  RecordCursor,
  RecordError,
  uncompressedRecords,
} from '@millrace/protocol'
import type { Clock, Compression } from '@millrace/runtime'

const CHUNK_BYTES = 256 * 1024
/** What a compressed batch may become. */
const UNCOMPRESSED_BYTES_MAX = 256 * 1024 * 1024
/** For how long others wait at most. */
const TURN_MS = 4
/** How many records go by between two looks at the clock. */
const RECORDS_PER_LOOK = 64

export interface ReplayServices {
  readonly clock: Clock
  readonly compression: Compression
  readonly crc32c: (bytes: Uint8Array) => number
}

export interface Replay {
  /** Views into a piece of the log, which stays as it is; who keeps one keeps all of the piece. */
  onRecord(key: Uint8Array | null, value: Uint8Array | null, origin: RecordOrigin): void
  onMarker(producer: TransactionalOrigin, result: 'commit' | 'abort'): void
  /** What is read is of use still. */
  isWanted(): boolean
}

export interface Replayed {
  /** Where it ended: all below was handed over. */
  readonly endOffset: number
  readonly records: number
  readonly bytes: number
}

/** Rejects with a `StorageError`, of the disk or because the log holds what cannot be read. */
export async function replayLog(log: PartitionLog, replay: Replay, services: ReplayServices): Promise<Replayed> {
  const pace = new Pace(services.clock)
  let offset = log.logStartOffset
  let records = 0
  let bytes = 0
  while (offset < log.logEndOffset && replay.isWanted()) {
    const chunk = await readChunk(log, offset)
    if (chunk === null) break
    const startOffset = offset
    for (const batch of wholeBatches(chunk)) {
      if (!replay.isWanted()) break
      records += await replayBatch(log, batch, { fromOffset: offset, replay, services, pace })
      bytes += batch.length
      offset = batchLastOffset(batch, 0) + 1
    }
    if (offset === startOffset && replay.isWanted()) throw damaged(log, offset, 'it does not have the size that it says')
    await pace.look()
  }
  return { endOffset: offset, records, bytes }
}

/** Bytes of its own, whole batches first; null where there is nothing. */
async function readChunk(log: PartitionLog, offset: number): Promise<Uint8Array | null> {
  const read = log.read({ offset, maxBytes: CHUNK_BYTES, endOffset: log.logEndOffset, atLeastOneBatch: true })
  if (read.type === 'empty') return null
  if (read.type === 'bytes') return read.bytes.slice()
  try {
    const chunk = new Uint8Array(read.sizeBytes)
    const size = await read.file.read(chunk, read.position)
    return chunk.subarray(0, size)
  } finally {
    read.release()
  }
}

function* wholeBatches(chunk: Uint8Array): Generator<Uint8Array, undefined> {
  let at = 0
  while (chunk.length - at >= BATCH_HEADER_BYTES) {
    const size = batchSizeInBytes(chunk, at)
    if (size < BATCH_HEADER_BYTES || size > chunk.length - at) break
    yield chunk.subarray(at, at + size)
    at += size
  }
  return undefined
}

interface BatchReplay {
  readonly fromOffset: number
  readonly replay: Replay
  readonly services: ReplayServices
  readonly pace: Pace
}

/** Returns how many records it handed over. */
async function replayBatch(log: PartitionLog, batch: Uint8Array, { fromOffset, replay, services, pace }: BatchReplay): Promise<number> {
  if (services.crc32c(checkedBytes(batch, 0)) !== batchCrc(batch, 0)) throw damaged(log, batchBaseOffset(batch, 0), 'its checksum is wrong')
  const producer = { producerId: batchProducerId(batch, 0), producerEpoch: batchProducerEpoch(batch, 0) }
  if (isControl(batch, 0)) {
    const marker = readMarker(batch, 0)
    if (marker !== null && marker.type !== null) replay.onMarker(producer, marker.type)
    return 0
  }
  const transaction = isTransactional(batch, 0) ? producer : null
  const baseOffset = batchBaseOffset(batch, 0)
  let count = 0
  try {
    const cursor = new RecordCursor(
      uncompressedRecords(batch, 0, (codec, bytes) => services.compression.decompress(codec, bytes, UNCOMPRESSED_BYTES_MAX)),
    )
    while (cursor.next()) {
      const offset = baseOffset + cursor.offsetDelta
      // The log may begin within a batch.
      if (offset < fromOffset) continue
      replay.onRecord(cursor.key(), cursor.value(), { offset, transaction })
      count += 1
      if (count % RECORDS_PER_LOOK === 0) await pace.look()
      if (!replay.isWanted()) break
    }
  } catch (error) {
    if (error instanceof RecordError) throw damaged(log, baseOffset, error.message)
    throw error
  }
  return count
}

function damaged(log: PartitionLog, offset: number, reason: string): LogCorruptError {
  return new LogCorruptError(log.directory, 0, `the batch at offset ${offset} cannot be read: ${reason}`)
}

/** Lets others have their turn when this one has lasted long enough. */
class Pace {
  readonly #clock: Clock
  #sinceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sinceMs = clock.monotonic()
  }

  async look(): Promise<void> {
    if (this.#clock.monotonic() - this.#sinceMs < TURN_MS) return
    await new Promise<void>((resolve) => this.#clock.defer(resolve))
    this.#sinceMs = this.#clock.monotonic()
  }
}
