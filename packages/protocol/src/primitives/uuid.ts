/** UUIDs as Kafka prints them: 16 bytes in URL-safe base64 without padding, 22 characters. */
import { ProtocolError } from '../protocol-error.ts'

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character, value]))

export function uuidFromBytes(bytes: Uint8Array, start = 0): string {
  // Requests that name topics by name carry one of these for each of them.
  if (isZero(bytes, start)) return ZERO_UUID
  let text = ''
  for (let at = start; at < start + 15; at += 3) {
    const group = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    text += (ALPHABET[group >> 18] as string) + ALPHABET[(group >> 12) & 63] + ALPHABET[(group >> 6) & 63] + ALPHABET[group & 63]
  }
  const last = bytes[start + 15] as number
  return text + ALPHABET[last >> 2] + ALPHABET[(last & 3) << 4]
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
