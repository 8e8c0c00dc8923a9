/** Record batches as clients send them, right and wrong. */
import { buildBatch, readRecords, updateCrc } from '@millrace/protocol'
import type { BatchInput, RecordInput } from '@millrace/protocol'
import { crc32c, createCompression } from '@millrace/runtime'

/** Where the clock of the fixture begins. */
export const START_MS = 1_700_000_000_000

const compression = createCompression()

export interface BatchOptions extends Partial<Omit<BatchInput, 'records' | 'crc32c'>> {
  /** Texts become records with that value and a key. */
  readonly records?: readonly (string | Partial<RecordInput>)[]
}

export function batchOf({ records = ['a'], ...options }: BatchOptions = {}): Uint8Array {
  return buildBatch({
    compress: (type, bytes) => compression.compress(type, bytes),
    crc32c,
    ...options,
    records: records.map((record) => {
      const given = typeof record === 'string' ? { key: bytesOf('key'), value: bytesOf(record) } : record
      return { timestamp: START_MS, key: null, value: null, ...given }
    }),
  })
}

/** A batch of an idempotent producer. */
export function sequencedBatch(baseSequence: number, options: BatchOptions = {}): Uint8Array {
  return batchOf({ producerId: 5, producerEpoch: 0, baseSequence, ...options })
}

/** A copy that was tampered with. Its crc fits, unless it is to be left as it was. */
export function tampered(batch: Uint8Array, change: (view: DataView) => void, keepsCrc = false): Uint8Array {
  const copy = batch.slice()
  change(new DataView(copy.buffer))
  if (!keepsCrc) updateCrc(copy, 0, crc32c)
  return copy
}

/** A batch that says it has this codec, around bytes that may be anything. */
export function batchAround(codec: number, body: Uint8Array, recordCount: number): Uint8Array {
  const header = batchOf({ records: Array.from({ length: recordCount }, () => 'a') }).subarray(0, 61)
  const batch = new Uint8Array(header.length + body.length)
  batch.set(header)
  batch.set(body, header.length)
  return tampered(batch, (view) => {
    view.setInt32(8, batch.length - 12)
    view.setInt16(21, codec)
  })
}

/** The values of a batch's records. */
export function valuesOf(batch: Uint8Array): string[] {
  const records = readRecords(batch, 0, (type, bytes) => compression.decompress(type, bytes, Number.MAX_SAFE_INTEGER))
  return records.map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array(0)))
}

/** Text that no codec makes much smaller, the same each time. */
export function incompressibleText(length: number): string {
  let text = ''
  for (let state = 1; text.length < length; state = (state * 48_271) % 2_147_483_647) text += state.toString(36)
  return text.slice(0, length)
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
