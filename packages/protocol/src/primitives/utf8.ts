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

const SHORT = 32

export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = ''
    let at = start
    for (; at < end; at += 1) {
      const byte = bytes[at] as number
      if (byte >= 0x80) break
      text += String.fromCharCode(byte)
    }
    if (at === end) return text
  }
  try {
    return decoder.decode(bytes.subarray(start, end))
  } catch {
    throw new ProtocolError('ERR_PROTOCOL_MALFORMED', 'string is not UTF-8')
  }
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}
