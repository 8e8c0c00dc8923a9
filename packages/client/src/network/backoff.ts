/**
 * How long to wait before trying again: doubling from a base to a limit, each shortened by up to a fifth at random so that
 * many clients that lost the same broker do not come back at the same moment.
 */
import type { Random } from '@millrace/runtime'

export interface BackoffPolicy {
  readonly baseMs: number
  readonly maxMs: number
}

const JITTER = 0.2

/** `attempt` counts failures so far, from 1. */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: Random): number {
  const exponent = Math.min(attempt - 1, 30)
  const full = Math.min(policy.baseMs * 2 ** exponent, policy.maxMs)
  return full * (1 - (JITTER * random.uint32()) / 2 ** 32)
}
