/** UTF-8 without Node: short ASCII by hand, since that is nearly every string on the wire, the rest by the platform. */
import { ProtocolError } from '../protocol-error.ts'

interface Decoder {
  decode(bytes: Uint8Array): string
}
interface Encoder {
  encode(text: string): Uint8Array
  encodeInto(text: string, into: Uint8Array): { read: number; written: number }
}
const platform = globalThis as unknown as {
  TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => Decoder
  TextEncoder: new () => Encoder
}
const decoder = new platform.TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new platform.TextEncoder()

/** Up to this length the platform takes longer to be asked than the string takes to be made. */
const SHORT = 8

export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT && isAscii(bytes, start, end)) {
    const middle = Math.min(start + 4, end)
    return upToFour(bytes, start, middle) + upToFour(bytes, middle, end)
  }
  try {
    return decoder.decode(bytes.subarray(start, end))
  } catch {
    throw new ProtocolError('ERR_PROTOCOL_MALFORMED', 'string is not UTF-8')
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let bits = 0
  for (let at = start; at < end; at += 1) bits |= bytes[at] as number
  return bits < 0x80
}

/** Made at one go: each character added to a string makes another string. */
function upToFour(bytes: Uint8Array, start: number, end: number): string {
  if (start === end) return ''
  const first = bytes[start] as number
  if (end - start === 1) return String.fromCharCode(first)
  const second = bytes[start + 1] as number
  if (end - start === 2) return String.fromCharCode(first, second)
  const third = bytes[start + 2] as number
  return end - start === 3
    ? String.fromCharCode(first, second, third)
    : String.fromCharCode(first, second, third, bytes[start + 3] as number)
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}
