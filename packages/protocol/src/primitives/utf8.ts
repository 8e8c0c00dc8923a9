/**
 * UTF-8 without Node.
 *
 * Nearly every string on the wire is short, ASCII and one that was there a moment ago: a topic, a client id, a host. Those are
 * looked up in a small table instead of being made again, which saves the allocation here and, because a string keeps its hash,
 * the hashing in whatever map it is used with next. Everything else is left to the platform.
 */
import { malformed } from '../protocol-error.ts'

interface PlatformDecoder {
  decode(bytes: Uint8Array): string
}

/** A universal Web API; the library of types that this package compiles with does not have it. */
const { TextDecoder: Decoder } = globalThis as unknown as {
  readonly TextDecoder: new (label: string, options: { readonly fatal: boolean; readonly ignoreBOM: boolean }) => PlatformDecoder
}
/** `ignoreBOM` keeps a byte order mark: a string is sent back exactly as it came. */
const strictDecoder = new Decoder('utf-8', { fatal: true, ignoreBOM: true })

const REMEMBERED_BYTES_MAX = 64
/** A power of two. At 64 characters each the table never holds more than about 150 KB. */
const TABLE_SIZE = 2048
const remembered: string[] = new Array<string>(TABLE_SIZE).fill('')

/** Throws a `ProtocolError` for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (start === end) return ''
  if (end - start <= REMEMBERED_BYTES_MAX) {
    const text = decodeShortAscii(bytes, start, end)
    if (text !== null) return text
  }
  try {
    return strictDecoder.decode(bytes.subarray(start, end))
  } catch {
    throw malformed('a string is not UTF-8')
  }
}

/** Null when there is a byte that is not ASCII. A string that shares its slot with another only costs the look-up its use. */
function decodeShortAscii(bytes: Uint8Array, start: number, end: number): string | null {
  let hash = end - start
  let union = 0
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number
    union |= byte
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  if (union >= 0x80) return null
  const slot = (hash ^ (hash >>> 15)) & (TABLE_SIZE - 1)
  const known = remembered[slot] as string
  if (isSame(known, bytes, start, end)) return known
  let text = ''
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] as number)
  remembered[slot] = text
  return text
}

function isSame(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let at = start; at < end; at += 1) {
    if (text.charCodeAt(at - start) !== bytes[at]) return false
  }
  return true
}

export function utf8Size(text: string): number {
  let size = text.length
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    if (unit < 0x800) size += 1
    else {
      size += 2
      // A pair takes four bytes for its two units; a lone half takes the three of the replacement character.
      if (isPairAt(text, index)) index += 1
    }
  }
  return size
}

/** Writes `utf8Size(text)` bytes. Lone surrogates have no UTF-8 form; U+FFFD takes their place, as in the Web's encoder. */
export function encodeUtf8(text: string, bytes: Uint8Array, start: number): void {
  let at = start
  for (let index = 0; index < text.length; index += 1) {
    let point = text.charCodeAt(index)
    if (point < 0x80) {
      bytes[at++] = point
      continue
    }
    if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6)
    } else {
      if (isPairAt(text, index)) {
        index += 1
        point = 0x1_0000 + ((point - 0xd800) << 10) + (text.charCodeAt(index) - 0xdc00)
        bytes[at++] = 0xf0 | (point >> 18)
        bytes[at++] = 0x80 | ((point >> 12) & 0x3f)
      } else {
        if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd
        bytes[at++] = 0xe0 | (point >> 12)
      }
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f)
    }
    bytes[at++] = 0x80 | (point & 0x3f)
  }
}

function isPairAt(text: string, index: number): boolean {
  const high = text.charCodeAt(index)
  if (high < 0xd800 || high > 0xdbff) return false
  const low = text.charCodeAt(index + 1)
  return low >= 0xdc00 && low <= 0xdfff
}
