/**
 * How long to wait before a failed attempt is made again: doubling up to a limit, and a random part of it off, so that nodes
 * that lost the same peer at the same moment do not come back at the same moment.
 */
import type { Random } from '@millrace/runtime'

export interface BackoffPolicy {
  readonly firstMs: number
  readonly maxMs: number
}

/** Up to this part of a wait is taken off. */
const JITTER = 0.5

export class Backoff {
  readonly #policy: BackoffPolicy
  readonly #random: Pick<Random, 'uint32'>
  #failures = 0

  constructor(policy: BackoffPolicy, random: Pick<Random, 'uint32'>) {
    this.#policy = policy
    this.#random = random
  }

  /** Counts a failure, and says how long to wait after it. */
  nextMs(): number {
    const { firstMs, maxMs } = this.#policy
    const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 20))
    this.#failures += 1
    return fullMs * (1 - JITTER * (this.#random.uint32() / 2 ** 32))
  }

  /** Something went well: the next failure is a first one. */
  reset(): void {
    this.#failures = 0
  }
}
