/** Counts the failures of one thing that is tried again and again, and says how long to wait after each. */
import { backoffMs, type BackoffPolicy, type Random } from '@millrace/runtime'

/** More than the usual: all nodes lose the same peer at the same moment. */
const JITTER = 0.5

export class Backoff {
  readonly #policy: BackoffPolicy
  readonly #random: Pick<Random, 'uint32'>
  #failures = 0

  constructor(policy: BackoffPolicy, random: Pick<Random, 'uint32'>) {
    this.#policy = { jitter: JITTER, ...policy }
    this.#random = random
  }

  /** Counts a failure, and says how long to wait after it. */
  nextMs(): number {
    this.#failures += 1
    return backoffMs(this.#policy, this.#failures, this.#random)
  }

  /** Something went well: the next failure is a first one. */
  reset(): void {
    this.#failures = 0
  }
}
