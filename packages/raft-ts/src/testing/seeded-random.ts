/** Chance by seed: the same seed, the same run. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = mixed(seed)
  }

  /** As if made anew. Each step of a schedule begins so, and does the same whatever was left out before it. */
  reseed(seed: number): void {
    this.#state = mixed(seed)
  }

  /** Mulberry32: small, fast, and good enough to be unfair in every direction. */
  readonly uint32 = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let value = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return (value ^ (value >>> 14)) >>> 0
  }

  below(limit: number): number {
    return this.uint32() % limit
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.below(items.length)]
  }

  /** One of the names, as likely as its weight says. The weights add up to `total`. */
  pickWeighted<K>(weights: readonly (readonly [K, number])[], total: number): K | undefined {
    let left = (this.below(2 ** 24) / 2 ** 24) * total
    return weights.find(([, weight]) => (left -= weight) < 0)?.[0]
  }
}

function mixed(seed: number): number {
  return (seed ^ 0x9e3779b9) >>> 0
}
