/** A line of input as a record: text with a key in front, or JSON as `millrace consume --json` writes it. */
import { InputError } from '../errors.ts'
import { fromBase64, fromText, positionOf, toText } from '../process/bytes.ts'

export interface InputRecord {
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly partition?: number
  readonly timestamp?: number
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | string | null }[]
}

export type RecordParser = (line: Uint8Array, lineNumber: number) => InputRecord

/** The whole line is the value. */
export function parsePlain(line: Uint8Array): InputRecord {
  return { key: null, value: line }
}

/** What comes before the first `separator` is the key. */
export function parseKeyed(separator: string): RecordParser {
  const wanted = fromText(separator)
  return (line, lineNumber) => {
    const at = positionOf(wanted, line)
    if (at < 0) throw new InputError(`line ${lineNumber} has no ${JSON.stringify(separator)} after its key`)
    return { key: line.subarray(0, at), value: line.subarray(at + wanted.length) }
  }
}

/** A value that is no text is sent as JSON; bytes come as `valueBase64` and `keyBase64`. */
export const parseJson: RecordParser = (line, lineNumber) => {
  let fields: unknown
  try {
    fields = JSON.parse(toText(line))
  } catch (error) {
    throw new InputError(`line ${lineNumber} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  if (!isObject(fields)) throw new InputError(`line ${lineNumber} is not a JSON object such as {"key": "a", "value": "b"}`)
  if (fields['value'] === undefined && fields['valueBase64'] === undefined) {
    throw new InputError(`line ${lineNumber} has no "value" (null for a tombstone) and no "valueBase64"`)
  }
  const { partition, timestamp, headers } = fields
  return {
    key: bytesOf(fields, 'key', lineNumber) ?? null,
    value: bytesOf(fields, 'value', lineNumber) ?? null,
    ...(partition === undefined ? {} : { partition: wholeNumber(partition, 'partition', lineNumber) }),
    ...(timestamp === undefined ? {} : { timestamp: wholeNumber(timestamp, 'timestamp', lineNumber) }),
    ...(headers === undefined ? {} : { headers: headersOf(headers, lineNumber) }),
  }
}

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function bytesOf(fields: JsonObject, name: string, lineNumber: number): Uint8Array | string | null | undefined {
  const text = fields[name]
  const encoded = fields[`${name}Base64`]
  if (encoded !== undefined) {
    if (typeof encoded === 'string' && BASE64.test(encoded)) return fromBase64(encoded)
    throw new InputError(`line ${lineNumber}: ${name}Base64 is not base64`)
  }
  return text === undefined || text === null || typeof text === 'string' ? text : JSON.stringify(text)
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

function wholeNumber(value: unknown, name: string, lineNumber: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new InputError(`line ${lineNumber}: ${name} is not a whole number`)
}

function headersOf(headers: unknown, lineNumber: number): { readonly key: string; readonly value: Uint8Array | string | null }[] {
  if (!Array.isArray(headers)) throw new InputError(`line ${lineNumber}: headers are not a list such as [{"key": "a", "value": "b"}]`)
  return headers.map((header: unknown) => {
    if (!isObject(header) || typeof header['key'] !== 'string') throw new InputError(`line ${lineNumber}: a header has no "key"`)
    return { key: header['key'], value: bytesOf(header, 'value', lineNumber) ?? null }
  })
}
