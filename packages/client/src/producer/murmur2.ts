/**
 * MurmurHash2, 32 bits, with the seed that Kafka's Java producer uses to choose the partition of a key. Every client must
 * agree on it: records of one key belong to one partition whoever wrote them.
 */
const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995

/** A signed 32-bit hash. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = SEED ^ length
  let position = 0
  for (; length - position >= 4; position += 4) {
    // Four bytes, little endian. The accesses are within bounds: the loop's condition says so.
    let word = at(bytes, position) | (at(bytes, position + 1) << 8) | (at(bytes, position + 2) << 16) | (at(bytes, position + 3) << 24)
    word = Math.imul(word, MULTIPLIER)
    word = Math.imul(word ^ (word >>> 24), MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ word
  }
  const left = length - position
  if (left >= 3) hash ^= at(bytes, position + 2) << 16
  if (left >= 2) hash ^= at(bytes, position + 1) << 8
  if (left >= 1) hash = Math.imul(hash ^ at(bytes, position), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

function at(bytes: Uint8Array, position: number): number {
  return bytes[position] ?? 0
}
