/**
 * 128 bits that stand for a key: two HalfSipHash-2-4 sums of 64 bits, each under a secret of its own.
 *
 * Five million keys, more than a map of the default size holds, share a sum by accident with a chance of 4e-26. And since the
 * secrets are drawn anew for each compaction, nobody who chooses keys can choose two that collide; a hash without a secret, even
 * a long one, would let a producer make the log forget another key's value.
 */
import type { Random } from '@millrace/runtime'

/** 32-bit words of a sum. */
export const KEY_HASH_WORDS = 4

export class KeyHash {
  readonly #secret: readonly [number, number, number, number]
  /** The sum of the last key. */
  readonly words = new Int32Array(KEY_HASH_WORDS)

  constructor(random: Random) {
    this.#secret = [random.uint32() | 0, random.uint32() | 0, random.uint32() | 0, random.uint32() | 0]
  }

  /** Sums the `length` bytes at `start` into `words`. */
  hash(bytes: Uint8Array, start: number, length: number): void {
    const [k0, k1, k2, k3] = this.#secret
    halfSipHash(bytes, start, length, k0, k1, this.words, 0)
    halfSipHash(bytes, start, length, k2, k3, this.words, 2)
  }
}

function halfSipHash(bytes: Uint8Array, start: number, length: number, k0: number, k1: number, into: Int32Array, at: number): void {
  let v0 = k0
  let v1 = k1 ^ 0xee
  let v2 = 0x6c796765 ^ k0
  let v3 = 0x74656462 ^ k1
  const tailLength = length & 3
  const tailStart = start + length - tailLength
  let tail = length << 24
  for (let index = 0; index < tailLength; index += 1) tail |= (bytes[tailStart + index] as number) << (8 * index)
  // Whole words, then the tail with the length, then two turns that end the sum, which is taken after four rounds each.
  const steps = (tailStart - start) / 4 + 1
  for (let step = 0; step < steps + 2; step += 1) {
    const position = start + step * 4
    let word = 0
    let rounds = 2
    if (step < steps - 1) {
      word =
        (bytes[position] as number) |
        ((bytes[position + 1] as number) << 8) |
        ((bytes[position + 2] as number) << 16) |
        ((bytes[position + 3] as number) << 24)
    } else if (step === steps - 1) word = tail
    else rounds = 4
    if (step === steps) v2 ^= 0xee
    else if (step > steps) v1 ^= 0xdd
    v3 ^= word
    for (let round = 0; round < rounds; round += 1) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    v0 ^= word
    if (step >= steps) into[at + step - steps] = v1 ^ v3
  }
}
