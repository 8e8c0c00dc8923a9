/**
 * Chance by seed, one stream for each subsystem: a draw that is added to one does not move the others, so that a small change
 * of the code leaves most of a run as it was.
 */
import { type Random, seededRandom } from '@millrace/runtime'

export class RandomStreams {
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  /** The stream of that name, from its beginning. */
  stream(name: string): RandomStream {
    return new RandomStream(seededRandom((hashOf(name) ^ Math.imul(this.#seed, 0x9e3779b1)) >>> 0))
  }
}

export class RandomStream implements Random {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  uint32(): number {
    return this.#random.uint32()
  }

  bytes(length: number): Uint8Array {
    return this.#random.bytes(length)
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return this.uint32() % limit
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** A number in [low, high), in steps of a thousandth: time is counted in microseconds. */
  within(low: number, high: number): number {
    return Math.floor((low + (this.uint32() / 2 ** 32) * (high - low)) * 1000) / 1000
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('there is nothing to pick from')
    return items[this.below(items.length)] as T
  }

  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let index = shuffled.length - 1; index > 0; index -= 1) {
      const other = this.below(index + 1)
      ;[shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T]
    }
    return shuffled
  }
}

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
