/**
 * How long to wait before trying again: doubling from a base to a limit, each shortened by a random part so that many who lost
 * the same peer do not come back at the same moment.
 */
import type { Random } from './ports/random.ts'

export interface BackoffPolicy {
  readonly baseMs: number
  readonly maxMs: number
  /** Up to this part of a wait is taken off; a fifth when absent. */
  readonly jitter?: number
}

const JITTER = 0.2

/** `attempt` counts failures so far, from 1. */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: Pick<Random, 'uint32'>): number {
  const exponent = Math.min(attempt - 1, 30)
  const full = Math.min(policy.baseMs * 2 ** exponent, policy.maxMs)
  return full * (1 - ((policy.jitter ?? JITTER) * random.uint32()) / 2 ** 32)
}
