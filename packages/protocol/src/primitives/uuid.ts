/** UUIDs as Kafka prints them: 16 bytes in URL-safe base64 without padding, 22 characters. */
import { ProtocolError } from '../protocol-error.ts'

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))
const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character, value]))

export function uuidFromBytes(bytes: Uint8Array, start = 0): string {
  // Requests that name topics by name carry one of these for each of them.
  if (isZero(bytes, start)) return ZERO_UUID
  const a = threeBytes(bytes, start)
  const b = threeBytes(bytes, start + 3)
  const c = threeBytes(bytes, start + 6)
  const d = threeBytes(bytes, start + 9)
  const e = threeBytes(bytes, start + 12)
  const last = (bytes[start + 15] as number) << 16
  // At one go, for each piece added to a string makes another string, and every request for a topic has one of these.
  return String.fromCharCode(
    digit(a, 18),
    digit(a, 12),
    digit(a, 6),
    digit(a, 0),
    digit(b, 18),
    digit(b, 12),
    digit(b, 6),
    digit(b, 0),
    digit(c, 18),
    digit(c, 12),
    digit(c, 6),
    digit(c, 0),
    digit(d, 18),
    digit(d, 12),
    digit(d, 6),
    digit(d, 0),
    digit(e, 18),
    digit(e, 12),
    digit(e, 6),
    digit(e, 0),
    digit(last, 18),
    digit(last, 12),
  )
}

function threeBytes(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
}

/** The character code for six bits of a group. */
function digit(group: number, shift: number): number {
  return CODES[(group >> shift) & 63] as number
}

function isZero(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < start + 16; at += 1) if (bytes[at] !== 0) return false
  return true
}

/**
 * The 16 bytes of a UUID text. Throws a `ProtocolError` for anything else, also for a text whose last character holds more
 * than the two bits that are left for it: it would come back as another text, and texts are what is compared.
 */
export function uuidToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16)
  if (text.length !== 22) throw notUuid(text)
  let bits = 0
  let count = 0
  let at = 0
  for (const character of text) {
    const value = VALUES.get(character)
    if (value === undefined) throw notUuid(text)
    bits = ((bits << 6) | value) & 0x3fff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes[at++] = (bits >> count) & 0xff
    }
  }
  if ((bits & ((1 << count) - 1)) !== 0) throw notUuid(text)
  return bytes
}

function notUuid(text: string): ProtocolError {
  return new ProtocolError('ERR_PROTOCOL_UNENCODABLE', `not a UUID: ${text.slice(0, 40)}`)
}
