/**
 * How many bytes a record takes in a batch at most, without encoding it: a step must know before it writes whether the log will
 * take what it writes, for the log takes a batch or refuses it.
 */
import type { GroupRecord } from './group-record.ts'

/** Header of a batch. */
export const BATCH_OVERHEAD_BOUND_BYTES = 61
/** Lengths, deltas and attributes of a record, record type and version. */
const RECORD_OVERHEAD_BOUND_BYTES = 32
/** A number of 64 bits; a length; the tag of a field, with the size that goes before its value. */
const NUMBER_BOUND_BYTES = 8
const LENGTH_BOUND_BYTES = 5
const FIELD_BOUND_BYTES = 2

export function recordSizeBound(record: GroupRecord): number {
  return RECORD_OVERHEAD_BOUND_BYTES + sizeBound(record.key) + sizeBound(record.value)
}

function sizeBound(value: unknown): number {
  if (typeof value === 'string') return LENGTH_BOUND_BYTES + utf8Length(value)
  if (typeof value !== 'object') return NUMBER_BOUND_BYTES
  if (value === null) return LENGTH_BOUND_BYTES
  if (value instanceof Uint8Array) return LENGTH_BOUND_BYTES + value.length
  let bytes = LENGTH_BOUND_BYTES
  if (Array.isArray(value)) {
    for (const element of value) bytes += sizeBound(element)
    return bytes
  }
  for (const field of Object.values(value)) bytes += FIELD_BOUND_BYTES + sizeBound(field)
  return bytes
}

function utf8Length(text: string): number {
  let bytes = text.length
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    // A surrogate pair is four bytes, two for each half.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1
  }
  return bytes
}
