/** UUIDs as Kafka prints them: 16 bytes in URL-safe base64 without padding, 22 characters. */
import { unencodable } from '../protocol-error.ts'
import { decodeUtf8 } from './utf8.ts'

export const UUID_BYTES = 16
const UUID_CHARACTERS = 22
/** All bits zero: no id. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NO_DIGIT = 0xff
const CHARACTERS = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))
const DIGITS = new Uint8Array(128).fill(NO_DIGIT)
for (let digit = 0; digit < ALPHABET.length; digit += 1) DIGITS[ALPHABET.charCodeAt(digit)] = digit

const scratch = new Uint8Array(UUID_CHARACTERS)

/** The text of the 16 bytes at `start`. */
export function uuidFromBytes(bytes: Uint8Array, start = 0): string {
  let into = 0
  for (let at = start; at < start + 15; at += 3) {
    const group = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    scratch[into++] = CHARACTERS[group >> 18] as number
    scratch[into++] = CHARACTERS[(group >> 12) & 63] as number
    scratch[into++] = CHARACTERS[(group >> 6) & 63] as number
    scratch[into++] = CHARACTERS[group & 63] as number
  }
  const last = bytes[start + 15] as number
  scratch[into++] = CHARACTERS[last >> 2] as number
  scratch[into] = CHARACTERS[(last & 3) << 4] as number
  return decodeUtf8(scratch, 0, UUID_CHARACTERS)
}

/** The 16 bytes of a UUID's text. Throws a `ProtocolError` for anything that `uuidFromBytes` would not have made. */
export function uuidToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(UUID_BYTES)
  writeUuid(text, bytes, 0)
  return bytes
}

/** As `uuidToBytes`, into `bytes` from `start`. */
export function writeUuid(text: string, bytes: Uint8Array, start: number): void {
  if (typeof text !== 'string' || text.length !== UUID_CHARACTERS) throw notUuid(text)
  let at = start
  for (let index = 0; index < 20; index += 4) {
    const group = (digitAt(text, index) << 18) | (digitAt(text, index + 1) << 12) | (digitAt(text, index + 2) << 6) | digitAt(text, index + 3)
    bytes[at++] = group >> 16
    bytes[at++] = (group >> 8) & 0xff
    bytes[at++] = group & 0xff
  }
  const last = (digitAt(text, 20) << 6) | digitAt(text, 21)
  // Four bits are left over. Were they free, one id would have sixteen texts, and texts are what we compare.
  if ((last & 0xf) !== 0) throw notUuid(text)
  bytes[at] = last >> 4
}

function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  const digit = code < 128 ? (DIGITS[code] as number) : NO_DIGIT
  if (digit === NO_DIGIT) throw notUuid(text)
  return digit
}

function notUuid(text: unknown): Error {
  return unencodable(`not a UUID: ${String(text).slice(0, 40)}`)
}
