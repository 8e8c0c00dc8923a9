/** Bytes and text by Node's own means, which are the quick ones. */

export function fromText(text: string): Uint8Array {
  return Buffer.from(text)
}

/** What is no UTF-8 comes out as replacement characters. */
export function toText(bytes: Uint8Array): string {
  return view(bytes).toString('utf8')
}

export function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

export function toBase64(bytes: Uint8Array): string {
  return view(bytes).toString('base64')
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

/** Where `wanted` begins first in `bytes`, or -1. */
export function positionOf(wanted: Uint8Array, bytes: Uint8Array): number {
  return view(bytes).indexOf(wanted)
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
