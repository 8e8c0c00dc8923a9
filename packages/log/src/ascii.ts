/** Text of the small files. Topic names, ids and numbers are ASCII; other bytes read as Latin-1 and are refused by the parsers. */
export function encodeAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}

const CHARACTERS_PER_CALL = 4096

export function decodeAscii(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += CHARACTERS_PER_CALL) {
    // Spreading goes through an iterator, which takes much longer: noticeable with thousands of partitions.
    text += String.fromCharCode.apply(null, bytes.subarray(start, start + CHARACTERS_PER_CALL) as unknown as number[])
  }
  return text
}
