/** How long to wait before trying again: doubling up to a limit, each shortened by up to a fifth at random. */
import type { Random } from '@millrace/runtime'

const BASE_MS = 20
const JITTER = 0.2

/** `failures` counts those in a row, from 1. */
export function backoffMs(failures: number, maxMs: number, random: Random): number {
  const fullMs = Math.min(BASE_MS * 2 ** Math.min(failures - 1, 20), maxMs)
  return fullMs * (1 - (JITTER * random.uint32()) / 2 ** 32)
}
