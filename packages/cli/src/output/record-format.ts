/** Consumed records as bytes for standard output: values as they are, or one JSON object a line. */
import type { ConsumedRecord } from '@millrace/client'
import { concatenated, fromText, toBase64 } from '../process/bytes.ts'

export type RecordFormat = (records: readonly ConsumedRecord[]) => Uint8Array

export interface TextFormatOptions {
  /** After each record. */
  readonly delimiter: string
  /** Between key and value; null leaves the key out. */
  readonly keySeparator: string | null
}

/** The bytes of each value as they were sent. A tombstone has none. */
export function textFormat({ delimiter, keySeparator }: TextFormatOptions): RecordFormat {
  const end = fromText(delimiter)
  const separator = keySeparator === null ? null : fromText(keySeparator)
  return (records) => {
    const parts: Uint8Array[] = []
    for (const { key, value } of records) {
      if (separator !== null) parts.push(key ?? NOTHING, separator)
      parts.push(value ?? NOTHING, end)
    }
    return concatenated(parts)
  }
}

const NOTHING = new Uint8Array(0)

/** As `produce --input json` takes it. Bytes that are no UTF-8 come as base64. */
export const jsonFormat: RecordFormat = (records) => fromText(records.map((record) => `${JSON.stringify(jsonOf(record))}\n`).join(''))

function jsonOf({ topic, partition, offset, timestamp, key, value, headers }: ConsumedRecord) {
  return {
    topic,
    partition,
    offset,
    timestamp,
    ...named('key', key),
    ...named('value', value),
    headers: headers.map((header) => ({ key: header.key, ...named('value', header.value) })),
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function named(name: string, bytes: Uint8Array | null): Readonly<Record<string, string | null>> {
  if (bytes === null) return { [name]: null }
  try {
    return { [name]: decoder.decode(bytes) }
  } catch {
    return { [`${name}Base64`]: toBase64(bytes) }
  }
}
