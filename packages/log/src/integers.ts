/** Big-endian integers of the log's own files. 64-bit ones are numbers: no offset, time or id of ours leaves the safe range. */
const WORD = 2 ** 32

export function readInt16(bytes: Uint8Array, at: number): number {
  return ((byte(bytes, at) << 24) >> 16) | byte(bytes, at + 1)
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (byte(bytes, at) << 24) | (byte(bytes, at + 1) << 16) | (byte(bytes, at + 2) << 8) | byte(bytes, at + 3)
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0
}

/** A value outside the safe range comes from damaged bytes; it is rounded, and fails every check that it meets. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * WORD + readUint32(bytes, at + 4)
}

export function writeInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / WORD)
  writeInt32(bytes, at, high)
  writeInt32(bytes, at + 4, value - high * WORD)
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}
