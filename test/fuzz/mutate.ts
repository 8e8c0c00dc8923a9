/** Damages the bytes of a frame as networks, bugs and attackers do. The size in front is made right again most of the time. */
import type { Seeded } from './seeded.ts'

const SIZE_BYTES = 4
const EXTREMES = [
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0, 0, 0, 0],
  [0x7f, 0xff],
  [0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
]

export function mutate(frame: Uint8Array, other: Uint8Array, random: Seeded): Uint8Array {
  let bytes: Uint8Array = frame.slice()
  for (let count = 1 + random.below(4); count > 0; count -= 1) bytes = once(bytes, other, random)
  if (bytes.length >= SIZE_BYTES && random.below(20) > 0) new DataView(bytes.buffer).setInt32(0, bytes.length - SIZE_BYTES)
  return bytes
}

function once(bytes: Uint8Array, other: Uint8Array, random: Seeded): Uint8Array {
  const at = SIZE_BYTES + random.below(Math.max(1, bytes.length - SIZE_BYTES))
  switch (random.below(7)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      return bytes
    case 1:
      bytes[at] = random.below(256)
      return bytes
    case 2: {
      const extreme = random.pick(EXTREMES)
      for (const [index, byte] of extreme.entries()) if (at + index < bytes.length) bytes[at + index] = byte
      return bytes
    }
    case 3:
      return bytes.slice(0, at)
    case 4:
      return joined(bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at))
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random.below(8))))
    default:
      return joined(bytes.subarray(0, at), other.subarray(Math.min(other.length, SIZE_BYTES + random.below(other.length))))
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let filled = 0
  for (const part of parts) {
    bytes.set(part, filled)
    filled += part.length
  }
  return bytes
}
