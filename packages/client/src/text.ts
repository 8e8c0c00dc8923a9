/** UTF-8, through the interfaces that every JavaScript runtime has. */
declare const TextEncoder: { new (): { encode(text: string): Uint8Array } }
declare const TextDecoder: { new (): { decode(bytes: Uint8Array): string } }

const encoder = new TextEncoder()

const decoder = new TextDecoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Bytes that are not UTF-8 come out as replacement characters. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
