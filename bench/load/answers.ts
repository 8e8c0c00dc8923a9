/** Reads the few fields that matter at fixed places of an answer about one partition; the rest is never decoded. */
import { errorName } from '@millrace/protocol'

/** Size, correlation id, tagged fields of the header. */
const HEADER_BYTES = 9
const ARRAY_BYTES = 1
/** Throttle time, error code, session id. */
const FETCH_TOP_BYTES = 10

/** Throws when a produce request for one partition was refused. */
export function checkProduced(head: Buffer, topic: string): void {
  const errorCode = head.readInt16BE(HEADER_BYTES + ARRAY_BYTES + nameBytes(topic) + ARRAY_BYTES + 4)
  if (errorCode !== 0) throw new Error(`produce to ${topic}: ${errorName(errorCode)}`)
}

export type FetchedHead = {
  /** Bytes of record batches in the answer; the last batch may be cut. */
  readonly recordsBytes: number
  /** Where they begin in the answer. */
  readonly recordsPosition: number
  readonly highWatermark: number
}

/** How much of a fetch answer `readFetched` needs. */
export const FETCH_HEAD_BYTES = 192

/** Throws when the fetch was refused. */
export function readFetched(head: Buffer, topic: string): FetchedHead {
  const topLevelError = head.readInt16BE(HEADER_BYTES + 4)
  const partition = HEADER_BYTES + FETCH_TOP_BYTES + ARRAY_BYTES + nameBytes(topic) + ARRAY_BYTES
  const errorCode = topLevelError === 0 ? head.readInt16BE(partition + 4) : topLevelError
  if (errorCode !== 0) throw new Error(`fetch from ${topic}: ${errorName(errorCode)}`)
  const highWatermark = Number(head.readBigInt64BE(partition + 6))
  // High watermark, last stable offset, log start offset; then no aborted transactions, and the preferred read replica.
  const length = readVarint(head, partition + 6 + 24 + ARRAY_BYTES + 4)
  return { recordsBytes: Math.max(0, length.value - 1), recordsPosition: length.end, highWatermark }
}

/** Compact: one byte of length up to 126 characters, which is enough for a name of ours. */
function nameBytes(topic: string): number {
  return 1 + topic.length
}

function readVarint(bytes: Buffer, from: number): { readonly value: number; readonly end: number } {
  let value = 0
  let end = from
  for (let shift = 0; ; shift += 7) {
    const byte = bytes.readUInt8(end)
    end += 1
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return { value, end }
  }
}
