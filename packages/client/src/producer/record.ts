/** What goes into the producer and what comes back. */
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { utf8 } from '../text.ts'

export interface ProducerRecord {
  readonly topic: string
  /** Chosen by the key, or for the producer's convenience without one, when absent. */
  readonly partition?: number
  /** Text is sent as UTF-8. */
  readonly key?: Uint8Array | string | null
  /** Null is a tombstone: compaction removes the key. */
  readonly value: Uint8Array | string | null
  readonly headers?: RecordHeadersInput
  /** Milliseconds since the epoch; now when absent. */
  readonly timestamp?: number
}

export type RecordHeadersInput =
  | Readonly<Record<string, Uint8Array | string | null>>
  | readonly { readonly key: string; readonly value: Uint8Array | string | null }[]

/** Where a record ended up. */
export interface Delivery {
  readonly topic: string
  readonly partition: number
  /** Null with `acks: 0`, where the broker does not say. */
  readonly offset: number | null
  /** The broker's time for topics with LogAppendTime, else the record's own. */
  readonly timestamp: number
}

/** A record with its bytes made and its rough size known. */
export interface EncodedRecord {
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly EncodedHeader[]
}

interface EncodedHeader {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** The most that a record adds beside its key, value and headers: lengths, attributes and deltas as varints. */
const RECORD_OVERHEAD_BYTES = 32
const HEADER_OVERHEAD_BYTES = 10

export function encodeRecord(record: ProducerRecord, nowMs: number): EncodedRecord {
  const timestamp = record.timestamp ?? nowMs
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw new ClientError(CLIENT_ERROR_CODES.invalidArgument, `a timestamp must be whole milliseconds since the epoch, not ${timestamp}`, {
      topic: record.topic,
    })
  }
  return { timestamp, key: toBytes(record.key ?? null), value: toBytes(record.value), headers: encodeHeaders(record.headers) }
}

/** An upper bound of what the record takes in a batch before compression. */
export function sizeOf(record: EncodedRecord): number {
  let size = RECORD_OVERHEAD_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const header of record.headers) {
    size += HEADER_OVERHEAD_BYTES + header.key.length + (header.value?.length ?? 0)
  }
  return size
}

const NO_HEADERS: readonly EncodedHeader[] = []

function encodeHeaders(headers: RecordHeadersInput | undefined): readonly EncodedHeader[] {
  if (headers === undefined) return NO_HEADERS
  if (isList(headers)) return headers.map(({ key, value }) => ({ key: utf8(key), value: toBytes(value) }))
  return Object.entries(headers).map(([key, value]) => ({ key: utf8(key), value: toBytes(value) }))
}

function isList(headers: RecordHeadersInput): headers is Extract<RecordHeadersInput, readonly unknown[]> {
  return Array.isArray(headers)
}

function toBytes(value: Uint8Array | string | null): Uint8Array | null {
  return typeof value === 'string' ? utf8(value) : value
}
