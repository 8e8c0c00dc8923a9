/**
 * The batches of a leader's answer, checked before any of them is appended: whole, undamaged, one after the other from the log's end
 * on, in the epochs of leaders that follow each other. Bytes that fail are no outcome that a follower can live with: what came is not
 * what the leader's log can hold, so the follower says so and appends nothing.
 */
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchCrc,
  batchLastOffset,
  batchMagic,
  batchSizeInBytes,
  checkedBytes,
  MAGIC,
  partitionLeaderEpoch,
} from '@millrace/protocol'
import { LogCorruptError } from './errors.ts'

/** Of all batches that were appended. */
export interface AppendedOffsets {
  readonly firstOffset: number
  readonly lastOffset: number
}

export interface ReplicatedBatchesOptions {
  readonly crc32c: (bytes: Uint8Array) => number
  /** Said of damage. */
  readonly directory: string
  readonly logEndOffset: number
  readonly latestLeaderEpoch: number
  /** A batch of a later epoch ends what is taken. */
  readonly maxLeaderEpoch: number
  /** Compaction takes records from the leader's log. */
  readonly mayHaveGaps: boolean
}

/** Views of the whole batches, up to the first that is not whole or of a later epoch than asked for. Throws a `LogCorruptError`. */
export function replicatedBatches(bytes: Uint8Array, options: ReplicatedBatchesOptions): Uint8Array[] {
  const batches: Uint8Array[] = []
  let { logEndOffset: nextOffset, latestLeaderEpoch: epoch } = options
  let at = 0
  const refuse = (reason: string): never => {
    throw new LogCorruptError(options.directory, at, `the leader's batches cannot be appended: ${reason}`)
  }
  while (at + BATCH_HEADER_BYTES <= bytes.length) {
    const size = batchSizeInBytes(bytes, at)
    if (size < BATCH_HEADER_BYTES) refuse(`one has ${size} bytes`)
    if (batchMagic(bytes, at) !== MAGIC) refuse(`one has magic ${batchMagic(bytes, at)}`)
    if (at + size > bytes.length) break
    const baseOffset = batchBaseOffset(bytes, at)
    const lastOffset = batchLastOffset(bytes, at)
    const isNext = options.mayHaveGaps ? baseOffset >= nextOffset : baseOffset === nextOffset
    if (!isNext) refuse(`one begins at offset ${baseOffset} where ${nextOffset} is next`)
    if (lastOffset < baseOffset || !Number.isSafeInteger(lastOffset)) refuse(`one goes from offset ${baseOffset} to ${lastOffset}`)
    const leaderEpoch = partitionLeaderEpoch(bytes, at)
    if (leaderEpoch > options.maxLeaderEpoch) break
    if (leaderEpoch < epoch) refuse(`one of leader epoch ${leaderEpoch} comes after one of ${epoch}`)
    if (options.crc32c(checkedBytes(bytes, at)) !== batchCrc(bytes, at)) refuse(`the crc of the one at offset ${baseOffset} is wrong`)
    batches.push(bytes.subarray(at, at + size))
    nextOffset = lastOffset + 1
    epoch = leaderEpoch
    at += size
  }
  return batches
}
